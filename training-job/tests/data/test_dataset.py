"""From what lies in a bucket to a dataset version: what is kept, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dandelion_training.data.layout.assignments import Split
from dandelion_training.ports.failures import Reason, TrainingFailure
from fakes.images import encoded, picture, with_dataset
from fakes.s3 import MemoryStore
from given.data.datasets import URI, loaded, rejected, report
from PIL import Image


def nothing(store: MemoryStore) -> None:
    store.objects.clear()


def one_class(store: MemoryStore) -> None:
    store.objects = {k: v for k, v in store.objects.items() if "/blue/" in k}


def no_folders(store: MemoryStore) -> None:
    store.objects = {f"{URI}/{n}.png": encoded(picture(n)) for n in range(10)}


def two_images(store: MemoryStore) -> None:
    for number in (0, 1):
        store.objects[f"{URI}/red/{number}.png"] = encoded(picture(2000 + number))


def five_of_which_one_is_a_copy(store: MemoryStore) -> None:
    for number in range(5):
        store.objects[f"{URI}/red/{number}.png"] = encoded(picture(2000 + number % 4))


def no_images(store: MemoryStore) -> None:
    store.objects = {f"{URI}/{c}/{n}.jpg": b"text" for c in "ab" for n in range(6)}


def a_class_of_broken_files(store: MemoryStore) -> None:
    store.objects |= {f"{URI}/red/{n}.jpg": b"\xff\xd8broken" for n in range(9)}


def copies_of_another_class(store: MemoryStore) -> None:
    for number in range(8):
        name = f"{number:03}.png"
        store.objects[f"{URI}/red/{name}"] = store.objects[f"{URI}/blue/{name}"]


@pytest.mark.parametrize(
    ("spoil", "reason", "named"),
    [
        (nothing, Reason.DATASET_EMPTY, "Nothing lies under s3://data/lawn/"),
        (one_class, Reason.TOO_FEW_CLASSES, "only the class folder 'blue'"),
        (no_folders, Reason.TOO_FEW_CLASSES, "10 files and no folder"),
        (two_images, Reason.TOO_FEW_IMAGES, "'red' has 2"),
        (five_of_which_one_is_a_copy, Reason.TOO_FEW_IMAGES, "'red' has 4"),
        (
            a_class_of_broken_files,
            Reason.TOO_FEW_IMAGES,
            "'red' has 0 (9 left out, for example red/0.jpg: ",
        ),
        (
            copies_of_another_class,
            Reason.TOO_FEW_IMAGES,
            "'blue' has 4 (8 left out, for example blue/000.png: the same file lies in several"
            " classes: blue, red)",
        ),
        (no_images, Reason.NO_READABLE_IMAGES, "None of the 12 files"),
    ],
)
def test_a_dataset_that_cannot_be_learnt_from_is_refused(
    tmp_path: Path, spoil: Callable[[MemoryStore], None], reason: Reason, named: str
) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    spoil(store)
    with pytest.raises(TrainingFailure) as caught:
        loaded(store, tmp_path)
    assert caught.value.reason is reason
    assert named in caught.value.message
    assert caught.value.exit_code == 64


@pytest.mark.parametrize(
    ("key", "content", "why"),
    [
        ("blue/notes.jpg", b"water daily", "not an image"),
        ("blue/empty.png", b"", "the file is empty"),
        ("blue/tiny.png", encoded(picture(1, side=10)), "smaller than 16 pixels"),
        ("blue/zzz.png", encoded(picture(3, (40, 60, 200))), "an exact duplicate of blue/003.png"),
        ("stray.png", encoded(picture(99)), "put it into the folder of its class"),
    ],
)
def test_a_useless_file_is_left_out_and_listed(
    tmp_path: Path, key: str, content: bytes, why: str
) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    store.objects[f"{URI}/{key}"] = content
    dataset = loaded(store, tmp_path)
    assert len(dataset.entries) == 24
    assert list(rejected(dataset)) == [key]
    assert why in rejected(dataset)[key]


def test_one_file_under_two_labels_is_left_out_of_both(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    store.objects[f"{URI}/yellow/wrong.png"] = store.objects[f"{URI}/blue/003.png"]
    dataset = loaded(store, tmp_path)
    assert list(rejected(dataset)) == ["blue/003.png", "yellow/wrong.png"]
    assert "several classes: blue, yellow" in rejected(dataset)["blue/003.png"]


def test_images_in_deeper_folders_belong_to_the_first_level(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    store.objects[f"{URI}/blue/2024/may/a.png"] = encoded(picture(77))
    entry = next(e for e in loaded(store, tmp_path).entries if e.key.endswith("may/a.png"))
    assert entry.label == "blue"


def test_a_version_depends_on_the_content_alone(tmp_path: Path) -> None:
    first, second = MemoryStore(), MemoryStore()
    with_dataset(first, URI)
    second.objects = dict(reversed(first.objects.items()))
    assert loaded(first, tmp_path).digest == loaded(second, tmp_path).digest
    second.objects[f"{URI}/blue/more.png"] = encoded(picture(500))
    assert loaded(first, tmp_path).digest != loaded(second, tmp_path).digest


def scene(seed: int) -> Image.Image:
    """Patches of light and dark, as photos have them."""
    patches = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    return Image.fromarray(patches).resize((160, 160), Image.Resampling.BICUBIC)


def test_a_saved_again_copy_is_in_the_split_of_its_original(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    for number in range(12):
        smooth = scene(number)
        store.objects[f"{URI}/blue/{number:03d}.png"] = encoded(smooth)
        store.objects[f"{URI}/blue/{number:03d}-again.jpg"] = encoded(smooth, "JPEG", quality=80)
    entries = {e.key: e.split for e in loaded(store, tmp_path).entries}
    assert set(entries.values()) == set(Split)
    for number in range(12):
        assert entries[f"blue/{number:03d}.png"] is entries[f"blue/{number:03d}-again.jpg"]


def test_image_folders_with_a_split_are_that_split(tmp_path: Path) -> None:
    store = MemoryStore()
    for number in range(24):
        side, label = ("train", "val")[number % 4 == 0], ("ants", "bees")[number % 2]
        store.objects[f"{URI}/{side}/{label}/{number}.png"] = encoded(picture(number))
        store.objects[f"{URI}/{side}/{('bees', 'ants')[number % 2]}/{number}.png"] = encoded(
            picture(100 + number)
        )
    dataset = loaded(store, tmp_path)
    assert dataset.classes == ("ants", "bees")
    assert {e.key.split("/")[0]: e.split for e in dataset.entries} == {
        "train": Split.TRAIN,
        "val": Split.HOLDOUT,
    }


def test_copies_in_tool_folders_are_ignored_in_one_line(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    for number in range(12):
        store.objects[f"{URI}/.ipynb_checkpoints/{number}.png"] = store.objects[
            f"{URI}/blue/{number:03}.png"
        ]
    dataset = loaded(store, tmp_path)
    assert len(dataset.entries) == 24
    assert report(dataset).ignored == ("12 files of tools were ignored: .ipynb_checkpoints (12).",)


def test_a_table_of_labels_names_classes_and_split(tmp_path: Path) -> None:
    store = MemoryStore()
    rows = ["file_name,label,split"]
    for number in range(20):
        store.objects[f"{URI}/{number}.png"] = encoded(picture(number))
        rows.append(f"{number}.png,{'ab'[number % 2]},{'test' if number >= 14 else 'train'}")
    store.objects[f"{URI}/labels.csv"] = "\n".join(rows).encode()
    dataset = loaded(store, tmp_path, uri=f"{URI}/labels.csv")
    assert dataset.classes == ("a", "b")
    assert len(dataset.subset(Split.HOLDOUT)) == 6


def test_uneven_names_of_one_class_are_merged_and_told(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    for number in range(8):
        store.objects[f"{URI}/blu\u0308te/{number}.png"] = encoded(picture(700 + number))
        store.objects[f"{URI}/bl\u00fcte /{number}.png"] = encoded(picture(800 + number))
    dataset = loaded(store, tmp_path)
    assert dataset.classes == ("blue", "bl\u00fcte", "yellow")
    assert any("bl\u00fcte" in warning for warning in report(dataset).warnings)


def test_near_duplicates_are_counted_beyond_the_first_of_each(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    for number in range(2):
        again_shot = picture(5, (40, 60, 200))
        again_shot.putpixel((number, 0), (0, 0, 0))
        store.objects[f"{URI}/blue/again{number}.png"] = encoded(again_shot)
    assert report(loaded(store, tmp_path)).near_duplicates == 2
