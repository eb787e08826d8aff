"""What the demo uploads, and what it keeps back."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from dandelion_demo.data import DataError, digits, from_folder, resource_name
from PIL import Image


def _folder(root: Path, counts: dict[str, int]) -> Path:
    for label, count in counts.items():
        (root / label).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (20, 20), (number * 5, 10, 20)).save(root / label / f"{number}.png")
    return root


def test_the_digits_are_png_files_of_ten_classes_with_one_image_of_each_kept_back() -> None:
    dataset = digits()
    assert dataset.classes == [str(digit) for digit in range(10)]
    assert [image.label for image in dataset.unseen] == dataset.classes
    assert Image.open(io.BytesIO(dataset.seen[0].content)).size == (32, 32)


def test_an_image_kept_back_is_not_uploaded_under_another_name_either(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "lawn", {"grass": 8, "weed": 8})
    (folder / "grass" / "copy.png").write_bytes((folder / "grass" / "0.png").read_bytes())
    dataset = from_folder(folder)
    uploaded = {(image.label, image.content) for image in dataset.seen}
    assert not uploaded & {(image.label, image.content) for image in dataset.unseen}


def test_a_second_run_keeps_the_same_images_back(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "lawn", {"grass": 8, "weed": 8})
    assert from_folder(folder).unseen == from_folder(folder).unseen


def test_folders_of_a_split_keep_their_place_and_are_no_classes(tmp_path: Path) -> None:
    for split, count in (("train", 8), ("val", 3)):
        _folder(tmp_path / "insects" / split, {"ants": count, "bees": count})
    dataset = from_folder(tmp_path / "insects")
    assert dataset.classes == ["ants", "bees"]
    assert {image.key.split("/")[0] for image in dataset.seen} == {"train", "val"}
    assert all(image.key.split("/")[1] == image.label for image in dataset.seen)


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({}, "0 folder"),
        ({"grass": 8}, "at least two"),
        ({"grass": 8, "weed": 3}, "at least 6"),
    ],
    ids=["an empty folder", "one class", "a class with three images"],
)
def test_a_folder_that_cannot_be_learnt_says_why(
    tmp_path: Path, counts: dict[str, int], says: str
) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(DataError, match=says):
        from_folder(_folder(tmp_path / "data", counts))


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a folder"):
        from_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("dandelion-grass", "dandelion-grass"),
        ("My Photos (2026)", "my-photos-2026"),
        ("2026", "model-2026"),
        ("x" * 60, "x" * 42),
    ],
)
def test_a_folders_name_becomes_a_resources_name(folder: str, name: str) -> None:
    assert resource_name(folder) == name
