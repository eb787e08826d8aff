"""Any class is a folder and back, and what does not belong into an exported folder is told."""

from pathlib import Path

import pytest
from dandelion_training.review import folder
from dandelion_training.review.annotations import UnreadableError
from given.reviews import digest, image, item
from hypothesis import given as for_all
from hypothesis import strategies as st

CONTENT = {digest(number): image(number) for number in range(3)}


@for_all(st.text(min_size=1))
def test_a_class_is_a_folder_and_the_folder_is_that_class(label: str) -> None:
    name = folder.folder_name(label)
    assert folder.label_of(name) == label
    assert "/" not in name
    assert not name.startswith((".", "_"))


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("dandelion", "dandelion"),
        ("Löwenzahn, gelb", "Löwenzahn, gelb"),
        ("_reject", "%5Freject"),
        ("..", "%2E%2E"),
        ("a/b", "a%2Fb"),
        ("100%", "100%25"),
    ],
)
def test_folders_are_named_as_their_class_where_that_can_be(label: str, name: str) -> None:
    assert folder.folder_name(label) == name


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    folder.write(tmp_path / "queue", [item(0), item(1)], CONTENT.__getitem__)
    return tmp_path / "queue"


def test_every_class_has_a_folder_to_move_images_to(exported: Path) -> None:
    names = {found.name for found in exported.iterdir()}
    assert names == {"dandelion", "grass", "_reject", "queue.csv"}


def test_the_table_beside_the_images_has_no_cells_to_fill(exported: Path) -> None:
    head = (exported / "queue.csv").read_text().splitlines()[0].split(",")
    assert not {"label", "decision"} & set(head)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("photo.jpg", "photo.jpg is in no class's folder: move it to one, or delete it"),
        (f"grass/wet/{digest(1)}.png", "is in no class's folder"),
        ("grass/photo.jpg", "grass/photo.jpg is none of the exported images: take it out"),
        (f"grass/{digest(2)}.png", "is none of the exported images"),
    ],
)
def test_what_was_not_exported_is_told(exported: Path, place: str, words: str) -> None:
    (exported / place).parent.mkdir(exist_ok=True)
    (exported / place).write_bytes(b"")
    with pytest.raises(UnreadableError, match=words):
        folder.read(exported)


def test_what_tools_leave_is_passed_over(exported: Path) -> None:
    for place in (".DS_Store", "grass/Thumbs.db", "grass/.picasa.ini", "desktop.ini"):
        (exported / place).write_bytes(b"")
    found = folder.read(exported)
    assert [annotation.label for annotation in found.annotations] == ["dandelion", "dandelion"]


def test_an_image_that_lies_in_two_folders_has_both_labels(exported: Path) -> None:
    """Which a decision about it refuses, with both places named."""
    (exported / "grass" / f"{digest(1)}.png").write_bytes(image(1))
    found = folder.read(exported)
    labels = {one.label for one in found.annotations if one.image == digest(1)}
    assert labels == {"dandelion", "grass"}
