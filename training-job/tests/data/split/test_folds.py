"""Folds of the training side: each image validated once, and never beside its near-duplicates."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split.folds import ALWAYS_LEARNT, folds
from dandelion_training.data.split.member import Member
from dandelion_training.data.version.manifest import Entry
from given.data.looks import burst, chain, scenes
from hypothesis import given
from hypothesis import strategies as st


def dealt(members: Sequence[Member], count: int, *, known: bool = True) -> list[int]:
    images = [Entry(m.sha256, m.sha256, m.label, Split.TRAIN) for m in members]
    looks = {m.sha256: m.fingerprint for m in members} if known else {}
    found: list[int] = folds(images, looks, count).tolist()
    return found


def of_label(members: Sequence[Member], found: list[int], label: str) -> Counter[int]:
    return Counter(
        fold for member, fold in zip(members, found, strict=True) if member.label == label
    )


def test_every_class_is_spread_evenly_and_every_image_validated_once() -> None:
    members = [*scenes("a", range(50)), *scenes("b", range(100, 125))]
    found = dealt(members, 5)
    assert of_label(members, found, "a") == dict.fromkeys(range(5), 10)
    assert of_label(members, found, "b") == dict.fromkeys(range(5), 5)


def test_near_duplicates_are_in_one_fold() -> None:
    members = [*burst("a", 1, 6), *burst("a", 2, 3), *scenes("a", range(10, 31))]
    found = dealt(members, 5)
    assert len(set(found[:6])) == 1
    assert len(set(found[6:9])) == 1
    assert set(of_label(members, found, "a").values()) == {6}


def test_a_short_chain_of_near_duplicates_stays_together() -> None:
    members = [*chain("a", 1, 3), *scenes("a", range(10, 47))]
    assert len(set(dealt(members, 4)[:3])) == 1


def test_a_class_of_one_group_is_parted_so_that_something_of_it_is_learnt() -> None:
    members = [*burst("a", 1, 10), *scenes("b", range(10, 20))]
    assert of_label(members, dealt(members, 5), "a") == dict.fromkeys(range(5), 2)


def test_the_only_image_of_a_class_is_always_learnt_from() -> None:
    members = [*scenes("a", [1]), *scenes("b", range(10, 20))]
    assert dealt(members, 5)[0] == ALWAYS_LEARNT


def test_small_classes_do_not_all_meet_in_the_first_folds() -> None:
    members = [image for label in range(10) for image in scenes(str(label), range(label, 100, 50))]
    assert set(Counter(dealt(members, 4)).values()) == {5}


def test_images_that_nothing_is_known_of_have_no_near_duplicates() -> None:
    members = [*burst("a", 1, 10), *scenes("b", range(10, 20))]
    found = dealt(members, 5, known=False)
    assert of_label(members, found, "a") == of_label(members, found, "b")


@pytest.mark.parametrize("count", [2, 3, 10])
@given(seed=st.integers(0, 2**16), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_the_order_of_the_images_does_not_count_and_each_class_can_be_learnt(
    count: int, seed: int, sizes: list[int]
) -> None:
    members = [
        image for label, size in enumerate(sizes) for image in burst(str(label), 50 * label, size)
    ]
    found = dict(zip(members, dealt(members, count), strict=True))
    shuffled = [members[i] for i in np.random.default_rng(seed).permutation(len(members))]
    assert dict(zip(shuffled, dealt(shuffled, count), strict=True)) == found
    for label in {member.label for member in members}:
        for fold in range(count):
            assert any(f != fold for m, f in found.items() if m.label == label)
