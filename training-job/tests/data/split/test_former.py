"""What was decided stays decided: by a former version, by what was learnt, by a given split."""

import pytest
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split import NEAR_BOTH, NEAR_HOLDOUT
from dandelion_training.data.split.member import Member
from given.data.looks import burst, chain, scenes
from given.data.placements import all_as, by_content, manifest, placed

TRAIN, HOLDOUT = Split.TRAIN, Split.HOLDOUT


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
