"""What holds of the split of any dataset, however it came to be."""

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split import split
from dandelion_training.data.split.groups import group
from dandelion_training.data.split.member import Member
from given.data.looks import image, look
from given.data.placements import by_content, manifest, placed
from hypothesis import given, settings
from hypothesis import strategies as st

TRAIN, HOLDOUT = Split.TRAIN, Split.HOLDOUT


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
