"""The split is decided by content, stable as a dataset grows, and gives each class both sides."""

import hashlib
import random

from dandelion_training.data.split import Member, Side, split
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
    sides_before, sides_after = split(before, fraction), split(after, fraction)
    settled = {"train": _own_sides(before, fraction), "more": _own_sides(after, fraction)}
    for index, member in enumerate(before):
        if sides_before[index] is Side.HOLDOUT and below(member, before, fraction):
            borrowed = settled["more"][member.label] == {Side.HOLDOUT}
            assert sides_after[index] is Side.HOLDOUT or borrowed


def _own_sides(among: list[Member], fraction: float) -> dict[str, set[Side]]:
    """The sides each class would have without any repair."""
    sides: dict[str, set[Side]] = {}
    for member in among:
        side = Side.HOLDOUT if below(member, among, fraction) else Side.TRAIN
        sides.setdefault(member.label, set()).add(side)
    return sides


@given(images, fractions)
@settings(max_examples=200, deadline=None)
def test_each_class_of_two_images_or_more_has_both_sides(
    drawn: list[tuple[int, str, int]], fraction: float
) -> None:
    among = members(drawn)
    sides = split(among, fraction)
    for label in {m.label for m in among}:
        own = [side for side, m in zip(sides, among, strict=True) if m.label == label]
        assert len(own) == 1 or set(own) == {Side.TRAIN, Side.HOLDOUT}


@given(images, fractions)
@settings(max_examples=200, deadline=None)
def test_near_duplicates_share_a_side_unless_a_class_would_lose_one(
    drawn: list[tuple[int, str, int]], fraction: float
) -> None:
    among = members(drawn)
    sides = split(among, fraction)
    unrepaired = _own_sides(among, fraction)
    whole = {label for label, own in unrepaired.items() if own == {Side.TRAIN, Side.HOLDOUT}}
    for group in {m.group for m in among}:
        inside = [i for i, m in enumerate(among) if m.group == group]
        if all(among[i].label in whole for i in inside):
            assert len({sides[i] for i in inside}) == 1


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
    held_out = split(among, 0.2).count(Side.HOLDOUT)
    assert 0.17 < held_out / 4000 < 0.23


def test_a_class_that_is_one_group_of_near_duplicates_is_parted() -> None:
    among = members([(n, "a", 7) for n in range(5)] + [(n, "b", n) for n in range(100, 200)])
    sides = split(among, 0.2)
    assert {side for side, m in zip(sides, among, strict=True) if m.label == "a"} == set(Side)
