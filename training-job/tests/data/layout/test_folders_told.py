"""What folders do not say is refused with what to do, and what may not be meant is said."""

import pytest
from dandelion_training.data.errors import DatasetError, Refusal
from given.data.layouts import layout


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
