"""What was decided stays decided, and what is new brings each class near the asked share."""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pytest
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split import NEAR_BOTH, NEAR_HOLDOUT, split
from dandelion_training.data.split.draw import drawn
from dandelion_training.data.split.groups import group
from dandelion_training.data.split.member import Member
from dandelion_training.data.split.placement import NAMED_CLASSES, Placement
from given.looks import burst, chain, image, look, scenes
from hypothesis import given, settings
from hypothesis import strategies as st

TRAIN, HOLDOUT = Split.TRAIN, Split.HOLDOUT


def placed(
    members: Sequence[Member],
    fraction: float = 0.2,
    former: Mapping[str, Split] | None = None,
    learnt: Collection[str] = (),
) -> Placement:
    return split(members, group(members), fraction, former or {}, learnt)


def by_content(members: Sequence[Member], placement: Placement) -> dict[str, Split | None]:
    return dict(zip([m.sha256 for m in members], placement.splits, strict=True))


def manifest(members: Sequence[Member], placement: Placement) -> dict[str, Split]:
    """What a version remembers: the images that are in it."""
    found = by_content(members, placement)
    return {sha256: side for sha256, side in found.items() if side is not None}


def held_out(placement: Placement) -> int:
    return placement.splits.count(HOLDOUT)


def all_as(members: Sequence[Member], side: Split) -> dict[str, Split]:
    return {member.sha256: side for member in members}


# The share


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


# The former version and lineage


def test_a_larger_share_moves_new_images_only() -> None:
    members = scenes("a", range(1000)) + scenes("b", range(1000, 2000))
    version = manifest(members, placed(members))
    learnt = {sha256 for sha256, side in version.items() if side is TRAIN}
    grown = members + scenes("a", range(2000, 2400))
    placement = placed(grown, 0.4, version, learnt)
    found = by_content(grown, placement)
    assert all(found[sha256] is side for sha256, side in version.items())
    assert not learnt & {sha256 for sha256, side in found.items() if side is HOLDOUT}
    a, b = placement.shares
    assert (a.holdout, a.train) == (200 + 360, 800 + 40)
    assert b.holdout == 200
    assert placement.warnings == (
        "Of class 'b', 200 of 1000 images are held out (0.2; asked for: 0.4):"
        " the starting weights learnt from 800 images;"
        " 200 images had a split in the former version.",
    )


def test_a_holdout_image_that_an_ancestor_learnt_is_learnt_from_and_told() -> None:
    members = scenes("a", range(10))
    former = all_as(members[:2], HOLDOUT) | all_as(members[2:], TRAIN)
    placement = placed(members, former=former, learnt=[members[0].sha256])
    assert placement.splits[:2] == (TRAIN, HOLDOUT)
    assert placement.warnings == (
        "1 image of the former version's holdout will be learnt from and no longer evaluated on,"
        " because the starting weights or their ancestors learnt from them.",
        "Of class 'a', 1 of 10 images are held out (0.1; asked for: 0.2): the starting weights"
        " learnt from 1 image; 9 images had a split in the former version.",
    )


def test_a_class_that_was_learnt_whole_is_held_out_nowhere_and_told() -> None:
    members = scenes("a", range(10))
    placement = placed(members, learnt={m.sha256 for m in members})
    assert set(placement.splits) == {TRAIN}
    assert placement.warnings[0].endswith(
        "(0; asked for: 0.2): the starting weights learnt from 10 images."
    )


@pytest.mark.parametrize("side", Split)
def test_a_new_near_duplicate_goes_where_the_known_image_is(side: Split) -> None:
    known, *new = burst("a", 1, 4)
    others = scenes("a", range(2, 22))
    former = {known.sha256: side} | all_as(others[:2], HOLDOUT) | all_as(others[2:], TRAIN)
    placement = placed([known, *new, *others], former=former)
    assert placement.splits[:4] == (side,) * 4


def test_a_new_near_duplicate_of_images_on_both_sides_is_left_out() -> None:
    held, learning, new = burst("a", 1, 3)
    members = [held, learning, new, *scenes("a", range(2, 12))]
    placement = placed(members, former={held.sha256: HOLDOUT, learning.sha256: TRAIN})
    assert placement.splits[:3] == (HOLDOUT, TRAIN, None)
    assert placement.left_out == {2: NEAR_BOTH}
    assert f"1 image left out: {NEAR_BOTH}." in placement.warnings


def test_a_new_image_that_links_both_sides_is_not_learnt_from() -> None:
    frames = chain("a", 1, 3)
    members = frames + scenes("a", range(2, 60))
    placement = placed(members, former={frames[0].sha256: HOLDOUT, frames[2].sha256: TRAIN})
    assert placement.splits[0] is HOLDOUT
    assert placement.splits[1] is not TRAIN
    assert placement.splits[2] is TRAIN


# A given split


def test_a_given_split_is_kept_as_it_is() -> None:
    members = [
        *(m for n, label in enumerate("ab") for m in scenes(label, range(n, 50, 2), TRAIN)),
        *(m for n, label in enumerate("ab") for m in scenes(label, range(50 + n, 100, 2), HOLDOUT)),
    ]
    placement = placed(members)
    assert placement.splits == (TRAIN,) * 50 + (HOLDOUT,) * 50
    assert placement.warnings == (
        "The given split is kept in 2 of 2 classes: of each, 0.5 to 0.5 is held out,"
        " though 0.2 was asked for.",
    )


def test_a_copy_of_a_given_holdout_image_is_left_out_of_training() -> None:
    held, copy = burst("a", 1, 2)
    members = [
        Member(held.sha256, "a", held.fingerprint, HOLDOUT),
        Member(copy.sha256, "a", copy.fingerprint, TRAIN),
        *scenes("a", range(2, 10), TRAIN),
    ]
    placement = placed(members)
    assert placement.splits == (HOLDOUT, None, *[TRAIN] * 8)
    assert placement.left_out == {1: NEAR_HOLDOUT}


def test_a_class_whose_given_sides_are_copies_of_each_other_keeps_them_and_is_told() -> None:
    frames = burst("a", 1, 10)
    members = [
        Member(m.sha256, "a", m.fingerprint, HOLDOUT if n < 2 else TRAIN)
        for n, m in enumerate(frames)
    ]
    placement = placed(members)
    assert placement.splits == (HOLDOUT,) * 2 + (TRAIN,) * 8
    assert placement.warnings[0].startswith("8 images that will be learnt from are near-duplicates")


def test_the_former_version_and_lineage_overrule_a_given_split_and_that_is_told() -> None:
    members = scenes("a", range(10), TRAIN) + scenes("a", range(10, 20), HOLDOUT)
    former = {members[0].sha256: HOLDOUT}
    placement = placed(members, 0.5, former, [members[19].sha256])
    assert placement.splits == (HOLDOUT, *[TRAIN] * 9, *[HOLDOUT] * 9, TRAIN)
    assert placement.warnings == (
        "The given split of 1 image is not followed, because the starting weights or their"
        " ancestors learnt from what it holds out.",
        "The given split of 1 image is not followed, because the former version had another.",
    )


# What holds for any dataset

sides = st.sampled_from([None, TRAIN, HOLDOUT])
drawings = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 4), st.sampled_from("ab"), sides, sides),
    min_size=1,
    max_size=30,
    unique_by=lambda drawing: drawing[:2],
)
Drawing = tuple[int, int, str, Split | None, Split | None]


def members_of(drawings: Sequence[Drawing]) -> list[Member]:
    """Frames of scenes that move a little, so that there are groups and chains."""
    return [
        image((scene, frame), label, look(scene, range(14 * frame)), side)
        for scene, frame, label, side, _ in drawings
    ]


def former_of(drawings: Sequence[Drawing]) -> dict[str, Split]:
    members = members_of(drawings)
    return {
        m.sha256: drawing[4] for m, drawing in zip(members, drawings, strict=True) if drawing[4]
    }


def without_given(members: Sequence[Member]) -> list[Member]:
    return [Member(m.sha256, m.label, m.fingerprint) for m in members]


@given(drawings, st.sets(st.integers(0, 29)), st.floats(0.05, 0.6), st.randoms())
@settings(max_examples=150, deadline=None)
def test_the_order_of_the_images_does_not_matter(
    drawings: list[Drawing], learnt: set[int], fraction: float, chance: random.Random
) -> None:
    members, former = members_of(drawings), former_of(drawings)
    ancestors = {m.sha256 for n, m in enumerate(members) if n in learnt}
    shuffled = list(members)
    chance.shuffle(shuffled)
    one = placed(members, fraction, former, ancestors)
    other = placed(shuffled, fraction, former, ancestors)
    assert by_content(members, one) == by_content(shuffled, other)
    assert (one.shares, one.warnings) == (other.shares, other.warnings)


@given(drawings, st.sets(st.integers(0, 29)), st.floats(0.05, 0.6))
@settings(max_examples=150, deadline=None)
def test_what_was_learnt_is_never_held_out_and_what_was_settled_stays(
    drawings: list[Drawing], learnt: set[int], fraction: float
) -> None:
    members, former = members_of(drawings), former_of(drawings)
    ancestors = {m.sha256 for n, m in enumerate(members) if n in learnt}
    found = by_content(members, placed(members, fraction, former, ancestors))
    for sha256, side in found.items():
        if sha256 in ancestors:
            assert side is TRAIN
        elif sha256 in former:
            assert side is former[sha256]


@given(drawings, drawings, st.floats(0.05, 0.6), st.floats(0.05, 0.6))
@settings(max_examples=150, deadline=None)
def test_a_split_stays_while_images_come_and_go(
    first: list[Drawing], second: list[Drawing], fraction: float, later: float
) -> None:
    before = without_given(members_of(first))
    version = manifest(before, placed(before, fraction))
    after = without_given(members_of(second))
    found = by_content(after, placed(after, later, version))
    assert all(found[sha256] is side for sha256, side in version.items() if sha256 in found)


@given(drawings, st.floats(0.05, 0.6))
@settings(max_examples=150, deadline=None)
def test_no_group_is_on_both_sides_unless_its_class_has_no_other(
    drawings: list[Drawing], fraction: float
) -> None:
    members = without_given(members_of(drawings))
    grouping = group(members)
    placement = split(members, grouping, fraction, {}, ())
    assert not placement.left_out
    groups: dict[str, set[int]] = {}
    for member, number in zip(members, grouping.groups.tolist(), strict=True):
        groups.setdefault(member.label, set()).add(number)
    images = Counter(member.label for member in members)
    for label, own in groups.items():
        used = {s for m, s in zip(members, placement.splits, strict=True) if m.label == label}
        assert len(used) == min(images[label], 2)
        for number in own:
            inside = {placement.splits[i] for i in np.flatnonzero(grouping.groups == number)}
            assert len(inside) == 1 or len(own) == 1


@given(drawings, st.sets(st.integers(0, 29)), st.floats(0.05, 0.6))
@settings(max_examples=150, deadline=None)
def test_nothing_new_that_is_near_an_image_held_out_before_is_learnt_from(
    drawings: list[Drawing], learnt: set[int], fraction: float
) -> None:
    members, former = without_given(members_of(drawings)), former_of(drawings)
    ancestors = {m.sha256 for n, m in enumerate(members) if n in learnt}
    grouping = group(members)
    placement = split(members, grouping, fraction, former, ancestors)
    held_before = np.array(
        [former.get(m.sha256) is HOLDOUT and m.sha256 not in ancestors for m in members]
    )
    near = grouping.near(held_before)
    for number, (member, side) in enumerate(zip(members, placement.splits, strict=True)):
        is_new = member.sha256 not in former and member.sha256 not in ancestors
        if is_new and near[number]:
            assert side is not TRAIN


@given(drawings, st.floats(0.05, 0.6))
@settings(max_examples=150, deadline=None)
def test_near_duplicates_on_both_sides_are_always_told(
    drawings: list[Drawing], fraction: float
) -> None:
    members = members_of(drawings)
    grouping = group(members)
    placement = split(members, grouping, fraction, former_of(drawings), ())
    holdout = np.array([side is HOLDOUT for side in placement.splits])
    learning = np.array([side is TRAIN for side in placement.splits])
    told = any("near-duplicates of holdout" in w or "were parted" in w for w in placement.warnings)
    assert told or not (learning & grouping.near(holdout)).any()
