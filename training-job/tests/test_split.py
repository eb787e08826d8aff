"""The split is decided by content, stable as a dataset grows, and gives each class both splits."""

import hashlib
import random

from dandelion_training.data.split import Member, Split, split
from hypothesis import given, settings
from hypothesis import strategies as st

# Few groups for many images, so that near-duplicates are common.
images = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from("abc"), st.integers(0, 30)),
    min_size=1,
    max_size=60,
    unique_by=lambda image: image[0],
)
fractions = st.floats(0.05, 0.5)


def members(drawn: list[tuple[int, str, int]]) -> list[Member]:
    return [
        Member(hashlib.sha256(str(number).encode()).hexdigest(), label, group)
        for number, label, group in drawn
    ]


def below(member: Member, among: list[Member], fraction: float) -> bool:
    """Whether the image, or a near-duplicate of it, lies below the threshold."""
    return min(m.position for m in among if m.group == member.group) < fraction


@given(images, images, fractions)
@settings(max_examples=200, deadline=None)
def test_a_holdout_image_stays_held_out_when_images_are_added(
    first: list[tuple[int, str, int]], added: list[tuple[int, str, int]], fraction: float
) -> None:
    before = members(first)
    known = {m.sha256 for m in before}
    after = before + [m for m in members(added) if m.sha256 not in known]
    splits_before, splits_after = split(before, fraction), split(after, fraction)
    settled = {"train": _own_splits(before, fraction), "more": _own_splits(after, fraction)}
    for index, member in enumerate(before):
        if splits_before[index] is Split.HOLDOUT and below(member, before, fraction):
            borrowed = settled["more"][member.label] == {Split.HOLDOUT}
            assert splits_after[index] is Split.HOLDOUT or borrowed


def _own_splits(among: list[Member], fraction: float) -> dict[str, set[Split]]:
    """The splits each class would have without any repair."""
    splits: dict[str, set[Split]] = {}
    for member in among:
        assigned = Split.HOLDOUT if below(member, among, fraction) else Split.TRAIN
        splits.setdefault(member.label, set()).add(assigned)
    return splits


@given(images, fractions)
@settings(max_examples=200, deadline=None)
def test_each_class_of_two_images_or_more_has_both_sides(
    drawn: list[tuple[int, str, int]], fraction: float
) -> None:
    among = members(drawn)
    splits = split(among, fraction)
    for label in {m.label for m in among}:
        own = [found for found, m in zip(splits, among, strict=True) if m.label == label]
        assert len(own) == 1 or set(own) == {Split.TRAIN, Split.HOLDOUT}


@given(images, fractions)
@settings(max_examples=200, deadline=None)
def test_near_duplicates_share_a_side_unless_a_class_would_lose_one(
    drawn: list[tuple[int, str, int]], fraction: float
) -> None:
    among = members(drawn)
    splits = split(among, fraction)
    unrepaired = _own_splits(among, fraction)
    whole = {label for label, own in unrepaired.items() if own == {Split.TRAIN, Split.HOLDOUT}}
    for group in {m.group for m in among}:
        inside = [i for i, m in enumerate(among) if m.group == group]
        if all(among[i].label in whole for i in inside):
            assert len({splits[i] for i in inside}) == 1


@given(images, fractions, st.randoms())
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_images_does_not_matter(
    drawn: list[tuple[int, str, int]], fraction: float, chance: random.Random
) -> None:
    among = members(drawn)
    shuffled = list(among)
    chance.shuffle(shuffled)
    assert dict(zip([m.sha256 for m in among], split(among, fraction), strict=True)) == dict(
        zip([m.sha256 for m in shuffled], split(shuffled, fraction), strict=True)
    )


def test_about_the_asked_share_is_held_out() -> None:
    among = members([(number, "ab"[number % 2], number) for number in range(4000)])
    held_out = split(among, 0.2).count(Split.HOLDOUT)
    assert 0.17 < held_out / 4000 < 0.23


def test_a_class_that_is_one_group_of_near_duplicates_is_parted() -> None:
    among = members([(n, "a", 7) for n in range(5)] + [(n, "b", n) for n in range(100, 200)])
    splits = split(among, 0.2)
    assert {found for found, m in zip(splits, among, strict=True) if m.label == "a"} == set(Split)
