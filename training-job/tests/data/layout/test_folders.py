"""How the folders of a dataset are read: each row is a listing that somebody has, and what becomes
of it.
"""

from collections.abc import Mapping

import pytest
from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout.assignments import Layout, Split
from dandelion_training.data.layout.folders import from_folders

URI = "s3://datasets/lawn"
# What the expectations below say of an image: its split, or that Dandelion draws it.
TRAIN, HOLDOUT, DRAWN = Split.TRAIN, Split.HOLDOUT, None


def files(*names: str) -> list[str]:
    """`ants*3` is three images in `ants`; any other name is itself."""
    found = []
    for name in names:
        folder, star, count = name.partition("*")
        found += [f"{folder}/{n}.jpg" for n in range(int(count))] if star else [name]
    return found


def layout(*names: str) -> Layout:
    return from_folders(URI, files(*names))


def read(found: Layout) -> Mapping[str, tuple[str, Split | None]]:
    return {a.key: (a.label, a.split) for a in found.assignments}


@pytest.mark.parametrize(
    ("sentence", "names", "expected"),
    [
        (
            "a folder is a class",
            ["ants/a.jpg", "bees/b.jpg"],
            {"ants/a.jpg": ("ants", DRAWN), "bees/b.jpg": ("bees", DRAWN)},
        ),
        (
            "nested folders stay of their class",
            ["ants/2021/may/a.jpg", "bees/b.jpg"],
            {"ants/2021/may/a.jpg": ("ants", DRAWN), "bees/b.jpg": ("bees", DRAWN)},
        ),
        (
            "characters that mean something in a URL mean nothing in a key",
            ["ants#2/a?b=%2F.jpg", "bees & wasps/ä b.jpg"],
            {
                "ants#2/a?b=%2F.jpg": ("ants#2", DRAWN),
                "bees & wasps/ä b.jpg": ("bees & wasps", DRAWN),
            },
        ),
        (
            "train and val are the split, and what is below them the classes",
            ["train/ants/a.jpg", "train/bees/b.jpg", "val/ants/c.jpg", "val/bees/d.jpg"],
            {
                "train/ants/a.jpg": ("ants", TRAIN),
                "train/bees/b.jpg": ("bees", TRAIN),
                "val/ants/c.jpg": ("ants", HOLDOUT),
                "val/bees/d.jpg": ("bees", HOLDOUT),
            },
        ),
        (
            "both val and test are held out, in any case, with folders below the classes",
            ["Training/ants/a.jpg", "Training/bees/x/b.jpg", "VALID/ants/c.jpg", "Test/bees/d.jpg"],
            {
                "Training/ants/a.jpg": ("ants", TRAIN),
                "Training/bees/x/b.jpg": ("bees", TRAIN),
                "VALID/ants/c.jpg": ("ants", HOLDOUT),
                "Test/bees/d.jpg": ("bees", HOLDOUT),
            },
        ),
        (
            "of train alone, Dandelion draws the holdout",
            ["train/ants/a.jpg", "train/bees/b.jpg"],
            {"train/ants/a.jpg": ("ants", DRAWN), "train/bees/b.jpg": ("bees", DRAWN)},
        ),
        (
            "a class that val lacks gets a holdout of its own images",
            ["train/ants/a.jpg", "train/bees/b.jpg", "val/ants/c.jpg"],
            {
                "train/ants/a.jpg": ("ants", TRAIN),
                "train/bees/b.jpg": ("bees", DRAWN),
                "val/ants/c.jpg": ("ants", HOLDOUT),
            },
        ),
        (
            "documents beside train and val are no reason to refuse",
            ["train/a/1.jpg", "train/b/1.jpg", "val/a/2.jpg", "val/b/2.jpg", "notes/a/1.xml"],
            {
                "train/a/1.jpg": ("a", TRAIN),
                "train/b/1.jpg": ("b", TRAIN),
                "val/a/2.jpg": ("a", HOLDOUT),
                "val/b/2.jpg": ("b", HOLDOUT),
            },
        ),
        (
            "a name with white space at its ends, or in two forms of Unicode, is one class",
            ["caf\u00e9/a.jpg", "cafe\u0301/b.jpg", " caf\u00e9 /c.jpg", "bar/d.jpg"],
            {
                "caf\u00e9/a.jpg": ("caf\u00e9", DRAWN),
                "cafe\u0301/b.jpg": ("caf\u00e9", DRAWN),
                " caf\u00e9 /c.jpg": ("caf\u00e9", DRAWN),
                "bar/d.jpg": ("bar", DRAWN),
            },
        ),
        (
            "a file without an extension may be an image",
            ["ants/0001", "bees/IMG.HEIC"],
            {"ants/0001": ("ants", DRAWN), "bees/IMG.HEIC": ("bees", DRAWN)},
        ),
        (
            "a class may be called like a tool's file or a document",
            ["license/1.jpg", "icon/1.jpg", "test kit/1.jpg"],
            {
                "license/1.jpg": ("license", DRAWN),
                "icon/1.jpg": ("icon", DRAWN),
                "test kit/1.jpg": ("test kit", DRAWN),
            },
        ),
    ],
)
def test_folders_say_class_and_split(
    sentence: str, names: list[str], expected: dict[str, tuple[str, Split | None]]
) -> None:
    found = layout(*names)
    assert read(found) == expected
    assert found.classes == tuple(sorted({label for label, _ in expected.values()}))
    assert found.rejected == ()


@pytest.mark.parametrize(
    ("sentence", "names", "reason", "named"),
    [
        ("nothing", [], Refusal.DATASET_EMPTY, ["Nothing lies under s3://datasets/lawn/"]),
        ("the mark of an empty folder", ["ants/"], Refusal.DATASET_EMPTY, ["Nothing lies"]),
        (
            "documents alone",
            ["a/1.txt", "b/2.txt"],
            Refusal.NO_READABLE_IMAGES,
            ["no image", ".txt (2)"],
        ),
        (
            "an archive alone",
            ["lawn.zip"],
            Refusal.NO_READABLE_IMAGES,
            ["lawn.zip is an archive: unpack it"],
        ),
        (
            "one class",
            ["ants*3"],
            Refusal.TOO_FEW_CLASSES,
            ["only the class folder 'ants'", "at least 2 classes"],
        ),
        (
            "one class in train",
            ["train/ants*3"],
            Refusal.TOO_FEW_CLASSES,
            ["only the class folder 'ants'"],
        ),
        (
            "images without a folder",
            ["1.jpg", "2.jpg"],
            Refusal.TOO_FEW_CLASSES,
            ["2 files and no folder", "Put one folder per class there"],
        ),
        (
            "images without a folder, beside a table of labels",
            ["1.jpg", "2.jpg", "metadata.csv"],
            Refusal.TOO_FEW_CLASSES,
            ["write storageUri: s3://datasets/lawn/metadata.csv"],
        ),
        (
            "a dataset in a folder of its own",
            ["photos/ants*3", "photos/bees*3"],
            Refusal.TOO_FEW_CLASSES,
            ["only the class folder 'photos'", "write storageUri: s3://datasets/lawn/photos."],
        ),
        (
            "a split in a folder of its own",
            ["photos/train/ants*3", "photos/val/ants*3"],
            Refusal.TOO_FEW_CLASSES,
            ["write storageUri: s3://datasets/lawn/photos."],
        ),
        (
            "a split beside class folders",
            ["train/ants*3", "val/ants*3", "wasps*3"],
            Refusal.LAYOUT_INVALID,
            ["train/ and val/ are named like a split, but 'wasps' is not", "labels.csv"],
        ),
        (
            "three classes, of which one is called test",
            ["ants*3", "bees*3", "test*3"],
            Refusal.LAYOUT_INVALID,
            ["test/ is named like a split, but 'ants' and 'bees' are not", "rename test/"],
        ),
        (
            "toy trains and tests, or a split without classes",
            ["train*3", "test*3"],
            Refusal.LAYOUT_INVALID,
            ["directly in test/ and train/", "if these are classes, rename them", "labels.csv"],
        ),
        (
            "toy trains and tests, by year",
            ["train/2021*3", "test/2022*3"],
            Refusal.LAYOUT_INVALID,
            ["share no class folder", "if these are classes, rename them"],
        ),
        (
            "images directly in train",
            ["train*3"],
            Refusal.LAYOUT_INVALID,
            ["directly in train/", "one folder per class"],
        ),
        (
            "a test folder of images that nobody labelled",
            ["train/cat*3", "train/dog*3", "test*3"],
            Refusal.LAYOUT_INVALID,
            ["images in test/ are in no class folder", "storageUri: s3://datasets/lawn/train"],
        ),
        (
            "no train",
            ["val/ants*3", "val/bees*3"],
            Refusal.LAYOUT_INVALID,
            ["there is val/ but no train/", "write storageUri: s3://datasets/lawn/val"],
        ),
        (
            "val and test without train",
            ["val/ants*3", "test/ants*3"],
            Refusal.LAYOUT_INVALID,
            ["there is test/ and val/ but no train/"],
        ),
        (
            "two folders of one split",
            ["train/ants*3", "Train/bees*3", "val/ants*3"],
            Refusal.LAYOUT_INVALID,
            ["Train/ and train/ all mean the train split"],
        ),
        (
            "a class that only val has",
            ["train/ants*3", "train/bees*3", "val/ants*3", "val/wasps*1"],
            Refusal.LAYOUT_INVALID,
            ["val/ holds classes that train/ does not: 'wasps'", "or remove them"],
        ),
        (
            "a class in another case in val",
            ["train/ants*3", "train/bees*3", "val/Ants*3", "val/bees*3"],
            Refusal.CLASS_NAMES_INVALID,
            ["'Ants' and 'ants' differ only in case"],
        ),
        (
            "two classes that differ in case",
            ["grass*3", "Grass*3", "moss*3"],
            Refusal.CLASS_NAMES_INVALID,
            ["'Grass' and 'grass' differ only in case"],
        ),
        (
            "a folder without a name",
            ["/x/a.jpg", "ants*3", "bees*3"],
            Refusal.CLASS_NAMES_INVALID,
            ["'' is empty"],
        ),
    ],
)
def test_what_folders_do_not_say_is_refused_with_what_to_do(
    sentence: str, names: list[str], reason: Refusal, named: list[str]
) -> None:
    with pytest.raises(DatasetError) as caught:
        layout(*names)
    assert caught.value.reason is reason
    for words in named:
        assert words in caught.value.message


@pytest.mark.parametrize(
    ("sentence", "names", "warnings"),
    [
        ("nothing is to be said of one folder per class", ["a*1", "b*1"], []),
        (
            "nothing is to be said of a whole split",
            ["train/a*1", "train/b*1", "val/a*1", "val/b*1"],
            [],
        ),
        (
            "train alone",
            ["train/a*1", "train/b*1"],
            ["No image is in val/ or test/: spec.dataset.holdoutFraction"],
        ),
        (
            "a class without held-out images",
            ["train/a*1", "train/b*1", "test/a*1"],
            ["Classes without an image in test/: 'b'."],
        ),
        (
            "a name in two forms of Unicode",
            ["caf\u00e9*1", "cafe\u0301*1", "bar*1"],
            ["'cafe\\u0301' and 'caf\u00e9' are one class, 'caf\u00e9'"],
        ),
        (
            "a class folder of documents alone",
            ["a*1", "b*1", "wasps/1.txt"],
            ["Folders without an image are no classes: 'wasps'."],
        ),
        (
            "a split below the classes",
            ["a/train*1", "a/val*1", "b/train*1", "b/val*1"],
            ["The folders 'train' and 'val' in a/ are not read as a split."],
        ),
    ],
)
def test_what_may_not_be_meant_is_said(
    sentence: str, names: list[str], warnings: list[str]
) -> None:
    said = layout(*names).warnings
    assert len(said) == len(warnings)
    for words, warning in zip(warnings, said, strict=True):
        assert words in warning


@pytest.mark.parametrize(
    ("names", "reading"),
    [
        (["a*1", "b*1"], "One folder per class."),
        (["train/a*1", "train/b*1"], "One folder per class in train/."),
        (
            ["train/a*1", "train/b*1", "val/a*1", "test/b*1"],
            "One folder per class in test/ and train/ and val/; test/ and val/ is held out.",
        ),
    ],
)
def test_how_the_folders_were_read_is_said(names: list[str], reading: str) -> None:
    assert layout(*names).reading == reading


@pytest.mark.parametrize(
    ("names", "stray"),
    [
        (["stray.jpg", "ants*2", "bees*2"], "stray.jpg"),
        (["train/stray.jpg", "train/ants*2", "train/bees*2", "val/ants*2"], "train/stray.jpg"),
        (["stray.jpg", "train/ants*2", "train/bees*2", "val/ants*2"], "stray.jpg"),
    ],
)
def test_an_image_beside_the_class_folders_is_rejected(names: list[str], stray: str) -> None:
    found = layout(*names)
    assert [item.key for item in found.rejected] == [stray]
    assert "put it into the folder of its class" in found.rejected[0].reason
    assert len(found.assignments) == len(files(*names)) - 1


def test_images_are_counted_by_class_and_listed_in_order_of_key() -> None:
    found = layout("bees*2", "ants*3")
    assert found.counts() == {"ants": 3, "bees": 2}
    keys = [a.key for a in found.assignments]
    assert keys == sorted(keys)
    assert found == layout("ants*3", "bees*2")
