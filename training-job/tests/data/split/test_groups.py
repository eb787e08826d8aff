"""Copies of one picture are found among any number of images, and different pictures stay apart."""

import io
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from dandelion_training.data.images.fingerprint import (
    FINGERPRINT_BYTES,
    MAXIMUM_BITS,
    MAXIMUM_GREY,
    MINIMUM_DECODED_SIDE,
    Fingerprint,
    Looks,
    fingerprint,
)
from dandelion_training.data.split.groups import SUSPECTS, Grouping, group
from dandelion_training.data.split.member import Member
from dandelion_training.data.split.neighbours import Bounds, near_pairs
from fakes.images import encoded
from given.data.looks import BITS, burst, chain, image, look, scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image


def photo(seed: int, side: int = 200) -> Image.Image:
    """Something like a photo: large soft shapes."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 9, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


def reopened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def decoded_small(image: Image.Image) -> Image.Image:
    large = image.resize((image.width * 8, image.height * 8))
    opened = Image.open(io.BytesIO(encoded(large, "JPEG")))
    opened.draft("RGB", (MINIMUM_DECODED_SIDE, MINIMUM_DECODED_SIDE))
    assert opened.width < large.width
    return opened.convert("RGB")


def near(first: Fingerprint, second: Fingerprint) -> bool:
    zero, one = np.array([0]), np.array([1])
    return bool(Looks.of([first, second]).near(zero, one)[0])


def partition(numbers: Sequence[int]) -> set[frozenset[int]]:
    return {
        frozenset(i for i, other in enumerate(numbers) if other == number) for number in numbers
    }


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "saved again as a JPEG of quality 40": lambda i: reopened(encoded(i, "JPEG", quality=40)),
    "scaled to half": lambda i: i.resize((i.width // 2, i.height // 2)),
    "scaled to double": lambda i: i.resize((i.width * 2, i.height * 2)),
    "half the size and quality 40": lambda i: reopened(
        encoded(i.resize((i.width // 2, i.height // 2)), "JPEG", quality=40)
    ),
    "saved as WebP": lambda i: reopened(encoded(i, "WEBP", quality=60)),
    "decoded at a fraction of its size": decoded_small,
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_a_near_duplicate(how: str) -> None:
    original = photo(1)
    assert near(fingerprint(original), fingerprint(COPIES[how](original)))


OTHERS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "another scene": lambda i: photo(2),
    "the same scene mirrored": lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "the negative": lambda i: i.point(lambda v: 255 - v),
}


@pytest.mark.parametrize("what", OTHERS)
def test_something_else_is_not(what: str) -> None:
    original = photo(1)
    assert not near(fingerprint(original), fingerprint(OTHERS[what](original)))


def test_flat_pictures_of_different_brightness_are_different() -> None:
    flat = [fingerprint(Image.new("RGB", (32, 32), (v, v, v))) for v in (10, 60, 110)]
    assert not any((near(flat[0], flat[1]), near(flat[1], flat[2]), near(flat[0], flat[2])))


def test_both_thresholds_are_kept_to_the_bit_and_the_grey_level() -> None:
    original = look(1)
    assert near(original, look(1, range(MAXIMUM_BITS), MAXIMUM_GREY))
    assert not near(original, look(1, range(MAXIMUM_BITS + 1)))
    assert not near(original, look(1, brighter=MAXIMUM_GREY + 1))


def test_a_fingerprint_takes_96_bytes_and_any_other_is_refused() -> None:
    assert len(fingerprint(photo(1))) == FINGERPRINT_BYTES == 96
    with pytest.raises(ValueError, match="a fingerprint has 96 bytes, not 288"):
        group([image(1, "a", Fingerprint(bytes(288)))])


def test_nothing_has_no_groups() -> None:
    assert len(group([]).groups) == 0


# Variants of few scenes, near the thresholds and on both sides of them.
variants = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sets(st.integers(0, 40), max_size=40),
        st.integers(0, 6),
        st.sampled_from("ab"),
    ),
    min_size=1,
    max_size=25,
)
Variant = tuple[int, set[int], int, str]


def members_of(drawn: Sequence[Variant]) -> list[Member]:
    return [
        image(number, label, look(scene, flipped, brighter))
        for number, (scene, flipped, brighter, label) in enumerate(drawn)
    ]


@given(variants)
@settings(max_examples=100, deadline=None)
def test_each_image_is_near_the_representative_of_its_group(drawn: list[Variant]) -> None:
    members = members_of(drawn)
    for together in partition(group(members).groups.tolist()):
        own = sorted((members[i] for i in together), key=lambda m: m.sha256)
        assert all(near(own[0].fingerprint, member.fingerprint) for member in own)
        assert len({member.label for member in own}) == 1


@given(variants)
@settings(max_examples=100, deadline=None)
def test_near_duplicates_of_one_class_share_a_chain_and_those_of_two_are_suspects(
    drawn: list[Variant],
) -> None:
    members = members_of(drawn)
    grouping = group(members)
    suspects = {frozenset((s.first, s.second)) for s in grouping.suspects}
    pairs = 0
    for second, one in enumerate(members):
        for first, other in enumerate(members[:second]):
            if not near(one.fingerprint, other.fingerprint):
                continue
            if one.label == other.label:
                assert grouping.chains[first] == grouping.chains[second]
                linked = grouping.near(np.arange(len(members)) == first)
                assert linked[second]
            else:
                pairs += 1
    assert grouping.complete
    assert grouping.suspect_pairs == pairs
    assert all(len({members[i].label for i in pair}) == 2 for pair in suspects)
    assert bool(suspects) == bool(pairs)


@given(variants, st.randoms())
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_images_does_not_matter(
    drawn: list[Variant], chance: random.Random
) -> None:
    members = members_of(drawn)
    order = list(range(len(members)))
    chance.shuffle(order)
    before, after = group(members), group([members[i] for i in order])
    assert [before.groups[i] for i in order] == after.groups.tolist()
    assert [before.chains[i] for i in order] == after.chains.tolist()
    assert before.links.tolist() == after.links.tolist()
    assert [members[s.first] for s in before.suspects] == [
        members[order[s.first]] for s in after.suspects
    ]


def test_the_search_finds_every_pair_that_comparing_all_with_all_finds() -> None:
    chance = np.random.default_rng(0)
    prints = [
        look(int(scene), chance.choice(BITS, int(bits), replace=False), int(grey))
        for scene, bits, grey in zip(
            chance.integers(0, 12, 500),
            chance.integers(0, 20, 500),
            chance.integers(0, 6, 500),
            strict=True,
        )
    ]
    looks = Looks.of(prints)
    first, second = np.triu_indices(len(looks), 1)
    expected = looks.near(first, second)
    assert 500 < expected.sum() < len(expected) / 10
    found = near_pairs(looks, Bounds.of(len(looks)))
    assert found.complete
    assert found.first.tolist() == first[expected].tolist()
    assert found.second.tolist() == second[expected].tolist()


def test_a_chain_is_cut_into_groups_of_bounded_diameter() -> None:
    members = chain("a", 1, 12)
    grouping = group(members)
    assert set(grouping.chains.tolist()) == {0}
    sizes = np.bincount(grouping.groups)
    assert len(sizes) >= 4
    assert sizes.max() <= 3
    assert len(grouping.links) >= len(sizes) - 1


def test_a_camera_that_never_moves_makes_no_group_across_classes() -> None:
    members = [
        image(frame, "ab"[frame % 2], look(1, range(frame, frame + 50))) for frame in range(200)
    ]
    grouping = group(members)
    for together in partition(grouping.groups.tolist()):
        assert len({members[i].label for i in together}) == 1
    assert len(grouping.suspects) == SUSPECTS
    assert grouping.suspect_pairs > 1000
    assert [s.differing_bits for s in grouping.suspects] == [2] * SUSPECTS


def test_images_that_look_exactly_the_same_cost_as_one() -> None:
    members = [image(number, "ab"[number % 2], look(1)) for number in range(20_000)]
    grouping = group(members)
    assert len(set(grouping.groups.tolist())) == 2
    assert grouping.suspect_pairs == 10_000**2
    assert len(grouping.suspects) == 1
    assert grouping.complete


def test_a_dense_scene_of_which_not_all_pairs_are_listed_is_still_one_group() -> None:
    chance = np.random.default_rng(0)
    scene = [
        image(n, "a", look(1, chance.choice(BITS, 6, replace=False), n % 3)) for n in range(600)
    ]
    others = scenes("a", range(2, 102))
    grouping = group(scene + others, Bounds(candidates=50_000, neighbours=12))
    assert not grouping.complete
    assert len(set(grouping.groups[:600].tolist())) == 1
    assert len(set(grouping.groups.tolist())) == 101


def test_images_outside_a_dense_scene_are_compared_all_the_same() -> None:
    chance = np.random.default_rng(0)
    dense = [image(n, "a", look(1, chance.choice(BITS, 6, replace=False))) for n in range(400)]
    twins = [member for scene in range(2, 42) for member in burst("b", scene, 2)]
    grouping = group(dense + twins, Bounds(candidates=10**9, neighbours=4))
    own = grouping.groups[400:].tolist()
    assert partition(own) == {frozenset((i, i + 1)) for i in range(0, 80, 2)}


def test_grouping_answers_which_images_are_near_others_whatever_their_copies() -> None:
    # The last two look exactly the same, and one of them stands for both inside.
    members = [*chain("a", 1, 3), image("copy", "a", look(1, range(40)))]
    grouping: Grouping = group(members)
    assert grouping.near(np.array([False, True, False, False])).all()
