"""Small files that would take very much are refused by what is in them, before they do."""

from __future__ import annotations

import bombs
import pytest
from dandelion_pictures import Kind, Unreadable
from opening import READER, SMALL, pending

EVERY = bombs.every()
MB = 1_000_000


def named(what: str) -> list[str]:
    return [name for name, (found, _) in EVERY.items() if found == what]


def kind_of(data: bytes) -> tuple[Kind | None, bool]:
    """What is wrong, and whether that was told before a pixel was decoded."""
    try:
        image = pending(data)
    except Unreadable as error:
        return error.kind, True
    try:
        image.tensor()
    except Unreadable as error:
        return error.kind, False
    return None, False


@pytest.mark.parametrize("name", named("harmless"))
def test_what_is_not_decoded_costs_nothing(name: str) -> None:
    data = EVERY[name][1]
    image = pending(data)
    assert image.cost.memory < 3 * MB + 10 * len(data)
    assert image.cost.work < 10 * MB + 10 * len(data)
    assert image.tensor().shape == (1, 3, 32, 32)


@pytest.mark.parametrize("name", named("costly"))
def test_what_would_take_very_much_is_refused_before_it_does(name: str) -> None:
    assert kind_of(EVERY[name][1]) == (Kind.TOO_LARGE, True)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", named("counted"))
def test_what_is_read_takes_no_more_than_was_counted(name: str) -> None:
    """Hidden scans kept a processor busy for minutes."""
    image = pending(EVERY[name][1])
    assert image.cost.work < 1000 * MB
    assert image.tensor().shape == (1, 3, 32, 32)


@pytest.mark.parametrize("name", named("broken"))
def test_what_two_readers_would_read_differently_is_refused(name: str) -> None:
    data = EVERY[name][1]
    found, before = kind_of(data)
    assert found in (Kind.BROKEN, Kind.TRUNCATED, Kind.UNSUPPORTED)
    assert before


def test_they_are_small() -> None:
    assert all(len(data) < 8 * MB for _, data in EVERY.values())
    assert READER.tensor(EVERY["webp of many chunks"][1], SMALL).shape == (1, 3, 32, 32)
