"""What is remembered is bounded by its weight, and the newest stays."""

from __future__ import annotations

from dandelion_operator.ports.s3.memory import Memory


def test_what_was_put_first_goes_first() -> None:
    memory = Memory[str](2)
    for name in ("a", "b", "c"):
        memory.put((name,), name)
    assert [memory.get((name,)) for name in ("a", "b", "c")] == [None, "b", "c"]


def test_what_is_put_again_counts_once_and_is_new() -> None:
    memory = Memory[str](2)
    for name in ("a", "b", "a", "c"):
        memory.put((name,), name)
    assert [memory.get((name,)) for name in ("a", "b", "c")] == ["a", None, "c"]


def test_a_heavy_value_takes_the_room_of_several() -> None:
    memory = Memory[str](10, len)
    for name in ("a", "b", "x" * 9, "y" * 9):
        memory.put((name,), name)
    assert memory.get(("a",)) is None
    assert memory.get(("x" * 9,)) is None
    assert memory.get(("y" * 9,)) == "y" * 9


def test_what_is_heavier_than_all_room_is_not_kept() -> None:
    memory = Memory[str](3, len)
    memory.put(("x",), "xxxx")
    memory.put(("a",), "a")
    assert memory.get(("x",)) is None
    assert memory.get(("a",)) == "a"
