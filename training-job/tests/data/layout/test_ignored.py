"""What tools leave in folders never reaches a dataset, is counted, and is said in a line."""

import pytest
from dandelion_training.data.layout.folders import from_folders
from dandelion_training.data.layout.ignored import Kind, Sieve

URI = "s3://datasets/lawn"


@pytest.mark.parametrize(
    ("name", "counted_as"),
    [
        ("ants/.ipynb_checkpoints/a-checkpoint.jpg", ".ipynb_checkpoints"),
        (".ipynb_checkpoints/a-checkpoint.jpg", ".ipynb_checkpoints"),
        ("__MACOSX/ants/._a.jpg", "__MACOSX"),
        ("ants/._a.jpg", "._*"),
        ("ants/.DS_Store", ".DS_Store"),
        ("ants/.a.jpg", "hidden files"),
        ("ants/.picasaoriginals/a.jpg", "hidden folders"),
        ("ants/@eaDir/a.jpg/SYNOFILE_THUMB_M.jpg", "@eaDir"),
        ("ants/a.jpg@SynoEAStream", "*@synoeastream"),
        ("#recycle/ants/a.jpg", "#recycle"),
        ("ants/@Recycle/a.jpg", "@Recycle"),
        ("ants/.@__thumb/a.jpg", "hidden folders"),
        ("ants/Thumbs.db", "Thumbs.db"),
        ("ants/THUMBS.DB", "THUMBS.DB"),
        ("ants/desktop.ini", "desktop.ini"),
        ("ants/a.jpg:Zone.Identifier", "*:zone.identifier"),
        ("$RECYCLE.BIN/S-1-5/a.jpg", "$RECYCLE.BIN"),
        ("System Volume Information/a", "System Volume Information"),
        ("lost+found/#123", "lost+found"),
        (".git/objects/ab/cdef", ".git"),
        ("__pycache__/load.cpython-311.pyc", "__pycache__"),
        ("ants/a.xmp", "*.xmp"),
        ("lawn Previews.lrdata/0/a.jpg", "lawn Previews.lrdata"),
        ("ants/a.jpg.part", "*.part"),
        ("ants/a.jpg~", "*~"),
        ("ants_$folder$", "*_$folder$"),
        ("ants/Icon\r", "Icon"),
    ],
)
def test_a_file_of_a_tool_is_known_at_any_depth(name: str, counted_as: str) -> None:
    assert Sieve().kind(name) == Kind(counted_as, is_tool=True)
    below = Sieve().kind(f"train/2021/{name}")
    assert below == Kind(counted_as, is_tool=True)


@pytest.mark.parametrize(
    ("name", "counted_as"),
    [
        ("README.md", ".md"),
        ("README", "README"),
        ("LICENSE", "LICENSE"),
        ("labels.csv", ".csv"),
        ("ants/0001.xml", ".xml"),
        ("ants/IMG_1.MOV", ".mov"),
        ("ants.zip", ".zip"),
    ],
)
def test_a_document_is_no_image(name: str, counted_as: str) -> None:
    assert Sieve().kind(name) == Kind(counted_as, is_tool=False)


@pytest.mark.parametrize(
    "name",
    [
        "ants/a.jpg",
        "ants/a",
        "ants/IMG.HEIC",
        "ants/broken.jgp",
        "git/a.jpg",
        "thumbs/a.jpg",
        "license/a.jpg",
        "a.md/b.jpg",
        "md",
        "txt",
    ],
)
def test_anything_else_may_be_an_image(name: str) -> None:
    assert Sieve().kind(name) is None


def test_what_was_ignored_is_said_in_a_line_a_sort() -> None:
    images = [f"{label}/{n}.jpg" for label in ("ants", "bees") for n in range(3)]
    tools = [f"ants/.ipynb_checkpoints/{n}.jpg" for n in range(10)] + [
        "Thumbs.db",
        "bees/Thumbs.db",
    ]
    found = from_folders(URI, [*images, *tools, "README.md"])
    assert found.ignored.words() == (
        "12 files of tools were ignored: .ipynb_checkpoints (10), Thumbs.db (2).",
        "1 file that is no image was ignored: .md (1).",
    )
    assert (found.classes, len(found.assignments)) == (("ants", "bees"), 6)


def test_the_line_stays_short_however_many_kinds_there_are() -> None:
    kinds = ["css", "htm", "log", "md", "pdf", "rst", "tex"]
    images = ["ants/a.jpg", "bees/b.jpg"]
    found = from_folders(URI, [*images, *(f"notes/a.{kind}" for kind in kinds)])
    assert found.ignored.words() == (
        "7 files that are no images were ignored:"
        " .css (1), .htm (1), .log (1), .md (1), .pdf (1), other kinds (2).",
    )


def test_copies_of_tools_make_no_class_and_no_split() -> None:
    found = from_folders(
        URI, ["ants/a.jpg", "bees/b.jpg", ".Trash/train/a.jpg", "@eaDir/val/b.jpg", "__MACOSX/._x"]
    )
    assert found.classes == ("ants", "bees")
