"""What is new brings each class near the asked share, and groups stay together."""

import pytest
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split.draw import drawn
from dandelion_training.data.split.placement import NAMED_CLASSES
from given.data.looks import burst, chain, image, look, scenes
from given.data.placements import held_out, placed
from hypothesis import given, settings
from hypothesis import strategies as st

TRAIN, HOLDOUT = Split.TRAIN, Split.HOLDOUT


@pytest.mark.parametrize("fraction", [0.05, 0.2, 0.4])
def test_the_asked_share_is_held_out_of_each_class(fraction: float) -> None:
    members = scenes("a", range(100)) + scenes("b", range(100, 1000))
    placement = placed(members, fraction)
    assert [share.label for share in placement.shares] == ["a", "b"]
    assert [share.holdout for share in placement.shares] == [100 * fraction, 900 * fraction]
    assert placement.warnings == ()


def test_bursts_of_ten_are_one_draw_each() -> None:
    members = [m for scene in range(100) for m in burst("ab"[scene % 2], scene, 10)]
    placement = placed(members)
    assert held_out(placement) == 200
    for scene in range(100):
        assert len(set(placement.splits[scene * 10 : scene * 10 + 10])) == 1


def test_no_place_in_the_order_of_hashes_is_favoured() -> None:
    """Large bursts have small hashes, yet are held out no more often than single images."""
    large = single = 0
    for seed in range(20):
        first = seed * 1000
        bursts = [m for n in range(10) for m in burst("a", first + n, 10)]
        splits = placed(bursts + scenes("a", range(first + 500, first + 600))).splits
        large += splits[:100].count(HOLDOUT)
        single += splits[100:].count(HOLDOUT)
    assert 250 < large < 550
    assert 20 * 36 <= large + single <= 20 * 44


def test_a_camera_that_never_moves_leaves_each_class_something_to_learn_from() -> None:
    members = [
        image(frame, "ab"[frame % 2], look(1, range(frame, frame + 50))) for frame in range(200)
    ]
    placement = placed(members)
    for share in placement.shares:
        assert abs(share.realised - 0.2) <= 0.05
    assert any("near-duplicates of holdout images" in warning for warning in placement.warnings)


def test_a_small_chain_stays_together() -> None:
    members = chain("a", 1, 9) + scenes("a", range(2, 200)) + scenes("b", range(200, 300))
    placement = placed(members)
    assert len(set(placement.splits[:9])) == 1
    assert placement.warnings == ()


@pytest.mark.parametrize("scene", range(12))
def test_large_groups_are_chosen_so_that_they_add_up(scene: int) -> None:
    """Of 11, 20 and 69 images only the 20 are a fifth, whichever of them chance puts first."""
    members = [
        m for n, size in enumerate((11, 20, 69)) for m in burst("a", scene * 10 + n + 1, size)
    ]
    assert placed(members).shares[0].holdout == 20


def test_a_share_that_groups_do_not_allow_is_told_with_its_cause() -> None:
    members = burst("a", 1, 60) + burst("a", 2, 40) + scenes("b", range(10, 20))
    placement = placed(members)
    assert [share.holdout for share in placement.shares] == [40, 2]
    assert placement.warnings == (
        "Of class 'a', 40 of 100 images are held out (0.4; asked for: 0.2):"
        " 60 near-duplicates stay together.",
    )


def test_of_many_classes_off_their_share_only_the_worst_are_named() -> None:
    members = [
        m
        for n in range(NAMED_CLASSES + 5)
        for m in burst(f"class {n:02}", 2 * n, 6) + burst(f"class {n:02}", 2 * n + 1, 4)
    ]
    placement = placed(members, 0.1)
    assert len(placement.warnings) == NAMED_CLASSES + 1
    assert placement.warnings[-1] == "So it is with 5 other classes."


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
def test_two_groups_give_each_side_one(fraction: float) -> None:
    members = burst("a", 1, 3) + scenes("a", [2])
    assert set(placed(members, fraction).splits) == {TRAIN, HOLDOUT}


def test_a_class_of_one_group_is_parted_and_that_is_told() -> None:
    members = burst("a", 1, 10) + scenes("b", range(2, 12))
    placement = placed(members)
    assert placement.shares[0].holdout == 2
    assert len(placement.warnings) == 1
    assert placement.warnings[0].startswith("10 images of classes that consist of one group")


def test_a_single_image_is_learnt_from() -> None:
    placement = placed(scenes("a", [1]) + scenes("b", range(2, 12)), 0.9)
    assert placement.splits[0] is TRAIN
    assert "Of class 'a', 0 of 1 image are held out" in placement.warnings[0]


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_leaves_one_side_empty_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="lies between 0 and 1"):
        placed(scenes("a", [1, 2]), fraction)


@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=12),
    st.integers(0, 30),
    st.integers(0, 30),
    st.floats(0.05, 0.6),
)
@settings(max_examples=300, deadline=None)
def test_no_other_choice_of_groups_comes_nearer_by_two_points(
    sizes: list[int], held: int, learning: int, fraction: float
) -> None:
    images = held + learning + sum(sizes)
    sums = {0}
    for size in sizes:
        sums |= {total + size for total in sums}
    possible = {
        held + total for total in sums if held + total > 0 and learning + sum(sizes) - total > 0
    }
    taken = drawn(sizes, held, learning, fraction)
    realised = held + sum(s for s, t in zip(sizes, taken, strict=True) if t)
    best = min(abs(total - fraction * images) for total in possible)
    assert realised in possible
    assert abs(realised - fraction * images) <= best + 0.02 * images + 1e-9
