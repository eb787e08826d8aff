"""How the folders of a dataset are read: each row is a listing that somebody has, and what becomes
of it.
"""

import pytest
from dandelion_training.data.layout.assignments import Split
from given.data.layouts import files, layout, read

# What the expectations below say of an image: its split, or that Dandelion draws it.
TRAIN, HOLDOUT, DRAWN = Split.TRAIN, Split.HOLDOUT, None


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
