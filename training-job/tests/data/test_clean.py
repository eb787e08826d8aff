"""What of a dataset's images is kept, what is left out, and when there is no dataset."""

from dataclasses import dataclass

import pytest
from dandelion_training.data.clean import Cleaned, OnSmallClass, clean
from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout.assignments import Rejected, Split

SOURCE = "s3://datasets/lawn"
TRAIN, HOLDOUT, DRAWN = Split.TRAIN, Split.HOLDOUT, None
DROP, REFUSE = OnSmallClass.DROP, OnSmallClass.REFUSE


@dataclass(frozen=True)
class Image:
    key: str
    label: str
    sha256: str
    split: Split | None = None


def images(label: str, count: int, split: Split | None = DRAWN) -> list[Image]:
    folder = f"{split or 'all'}/{label}"
    return [Image(f"{folder}/{n:03}.jpg", label, f"{folder}{n}", split) for n in range(count)]


def unusable(label: str, count: int, reason: str = "not a readable image") -> list[Rejected]:
    return [Rejected(f"all/{label}/x{n:03}.jpg", reason, label) for n in range(count)]


def cleaned(
    usable: list[Image],
    rejected: list[Rejected] | None = None,
    faults: list[Rejected] | None = None,
    on_small_class: OnSmallClass = REFUSE,
    classes: tuple[str, ...] = ("ants", "bees"),
) -> Cleaned[Image]:
    return clean(SOURCE, classes, usable, rejected or [], faults or [], on_small_class)


WHOLE = [*images("ants", 50), *images("bees", 50)]


def test_a_clean_dataset_is_kept_without_a_word() -> None:
    found = cleaned(WHOLE[::-1])
    assert found == Cleaned(("ants", "bees"), tuple(WHOLE), (), ())


@pytest.mark.parametrize(
    ("sentence", "added", "kept", "reasons"),
    [
        (
            "of a copy in the class, the first stays",
            Image("all/ants/a-copy.jpg", "ants", "all/ants3"),
            "all/ants/003.jpg",
            {"all/ants/a-copy.jpg": "an exact duplicate of all/ants/003.jpg"},
        ),
        (
            "a copy in another class takes the original along",
            Image("all/bees/wrong.jpg", "bees", "all/ants3"),
            None,
            {
                "all/ants/003.jpg": "the same file lies in several classes: ants, bees",
                "all/bees/wrong.jpg": "the same file lies in several classes: ants, bees",
            },
        ),
        (
            "of a copy in the holdout, the held-out one stays",
            Image("val/ants/1.jpg", "ants", "all/ants3", HOLDOUT),
            "val/ants/1.jpg",
            {"all/ants/003.jpg": "an exact duplicate of val/ants/1.jpg, which is held out"},
        ),
    ],
)
def test_content_is_kept_once(
    sentence: str, added: Image, kept: str | None, reasons: dict[str, str]
) -> None:
    found = cleaned([*WHOLE, added])
    assert {item.key: item.reason for item in found.rejected} == reasons
    assert [i.key for i in found.kept if i.sha256 == added.sha256] == ([kept] if kept else [])
    assert [i.key for i in found.kept] == sorted(i.key for i in found.kept)


@pytest.mark.parametrize(
    ("sentence", "usable", "rejected", "reason", "named"),
    [
        (
            "no image can be read",
            [],
            unusable("ants", 12),
            Refusal.NO_READABLE_IMAGES,
            "None of the 12 files under s3://datasets/lawn/ is a usable image, for example"
            " all/ants/x000.jpg: not a readable image.",
        ),
        (
            "a class has four images",
            [*images("ants", 50), *images("bees", 4)],
            [],
            Refusal.TOO_FEW_IMAGES,
            "at least 5 different readable images: 'bees' has 4. Under s3://datasets/lawn/, add"
            " images or remove the class; or write spec.dataset.onSmallClass: Drop.",
        ),
        (
            "a class has none that can be read",
            images("ants", 50),
            unusable("bees", 9),
            Refusal.TOO_FEW_IMAGES,
            "'bees' has 0 (9 left out, for example all/bees/x000.jpg: not a readable image)",
        ),
        (
            "a class has five images, of which two are the same",
            [*images("ants", 50), *images("bees", 4), Image("z.jpg", "bees", "all/bees0")],
            [],
            Refusal.TOO_FEW_IMAGES,
            "'bees' has 4 (1 left out, for example z.jpg: an exact duplicate of all/bees/000.jpg)",
        ),
        (
            "a class has lost what was held out",
            [
                *images("ants", 50, TRAIN),
                *images("ants", 9, HOLDOUT),
                *images("bees", 50, TRAIN),
            ],
            unusable("bees", 3),
            Refusal.TOO_FEW_IMAGES,
            "'bees' has none left to hold out (3 left out",
        ),
        (
            "a class has lost what was to be learnt from",
            [*images("ants", 50, DRAWN), *images("bees", 50, HOLDOUT)],
            [],
            Refusal.TOO_FEW_IMAGES,
            "'bees' has none left to learn from",
        ),
    ],
)
def test_a_dataset_that_cannot_be_learnt_from_is_refused(
    sentence: str, usable: list[Image], rejected: list[Rejected], reason: Refusal, named: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        cleaned(usable, rejected)
    assert caught.value.reason is reason
    assert named in caught.value.message


def test_the_words_stay_few_when_most_classes_are_too_small() -> None:
    classes = tuple(f"c{n:03}" for n in range(400))
    usable = [image for label in classes for image in images(label, 2)]
    with pytest.raises(DatasetError) as caught:
        cleaned(usable, classes=classes)
    assert "'c004' has 2 and 395 more." in caught.value.message
    assert len(caught.value.message) < 400


def test_a_small_class_is_dropped_where_that_is_asked_for() -> None:
    usable = [*WHOLE, *images("wasps", 2)]
    found = cleaned(usable, on_small_class=DROP, classes=("ants", "bees", "wasps"))
    assert found.classes == ("ants", "bees")
    assert found.kept == tuple(WHOLE)
    assert {item.key: item.reason for item in found.rejected} == {
        "all/wasps/000.jpg": "its class 'wasps' was dropped",
        "all/wasps/001.jpg": "its class 'wasps' was dropped",
    }
    assert found.warnings == (
        "1 class with fewer than 5 different readable images was dropped: 'wasps' has 2.",
    )


def test_dropping_all_but_one_class_leaves_no_dataset() -> None:
    with pytest.raises(DatasetError) as caught:
        cleaned([*images("ants", 50), *images("bees", 4)], on_small_class=DROP)
    assert caught.value.reason is Refusal.TOO_FEW_CLASSES
    assert "too few images ('bees'), only 'ants' is left" in caught.value.message


def test_a_few_objects_that_cannot_be_read_are_left_out_and_said() -> None:
    faults = unusable("ants", 3, "is archived") + unusable("bees", 1, "may not be read")
    found = cleaned(WHOLE, faults=faults)
    assert found.kept == tuple(WHOLE)
    assert {item.key for item in found.rejected} == {item.key for item in faults}
    assert found.warnings == (
        "4 objects could not be read: is archived (3, for example all/ants/x000.jpg);"
        " may not be read (1, for example all/bees/x000.jpg).",
    )


def test_many_objects_that_cannot_be_read_end_the_run() -> None:
    with pytest.raises(DatasetError) as caught:
        cleaned(WHOLE, faults=unusable("ants", 6, "may not be read"))
    assert caught.value.reason is Refusal.OBJECTS_UNREADABLE
    assert (
        "6 of 106 objects under s3://datasets/lawn/ could not be read: may not be read (6, for"
        " example all/ants/x000.jpg)" in caught.value.message
    )


def test_storage_is_named_before_the_images_where_nothing_could_be_read() -> None:
    with pytest.raises(DatasetError) as caught:
        cleaned([], faults=unusable("ants", 6, "may not be read"))
    assert caught.value.reason is Refusal.OBJECTS_UNREADABLE


@pytest.mark.parametrize(
    ("rejected", "warnings"),
    [
        (unusable("ants", 5), ()),
        (
            unusable("ants", 25),
            (
                "26 of 126 files (21%) were left out: 25 not usable, 1 copies of others;"
                " for example all/ants/x000.jpg: not a readable image.",
            ),
        ),
    ],
)
def test_a_large_share_left_out_is_said(
    rejected: list[Rejected], warnings: tuple[str, ...]
) -> None:
    copy = [Image("z.jpg", "bees", "all/bees0")] if warnings else []
    assert cleaned([*WHOLE, *copy], rejected).warnings == warnings
