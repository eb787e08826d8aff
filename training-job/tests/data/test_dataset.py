"""From what lies in a bucket to a dataset version: what is kept, refused, found again, rebuilt."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dandelion_training.data.copies import Copies
from dandelion_training.data.dataset import Wanted
from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.ingest import Threads
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset, load, load_version
from dandelion_training.data.version.library import Library
from dandelion_training.data.version.report import VersionReport
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location
from fakes.images import encoded, picture, with_dataset
from fakes.s3 import MemoryStore
from PIL import Image

URI = "s3://data/lawn"
VERSIONS = Location.parse("s3://models/default/lawn/datasets")
THREADS = Threads(transfers=3, decoding=2)


def library(store: MemoryStore, tmp_path: Path) -> Library:
    return Library(store, VERSIONS, tmp_path)


def loaded(
    store: MemoryStore,
    tmp_path: Path,
    *,
    uri: str = URI,
    fraction: float = 0.2,
    copies: Copies | None = None,
    **wanted: Any,
) -> Dataset:
    return load(
        store,
        library(store, tmp_path),
        Wanted(Location.parse(uri), fraction, **wanted),
        copies,
        Geometry(36, 32),
        tmp_path / "pixels",
        THREADS,
        advance=lambda done, total: None,
    )


def again(store: MemoryStore, tmp_path: Path, digest: str, copies: Copies | None = None) -> Dataset:
    return load_version(
        store,
        library(store, tmp_path),
        digest,
        copies,
        Geometry(36, 32),
        tmp_path / "pixels",
        THREADS,
        advance=lambda done, total: None,
    )


def report(dataset: Dataset) -> VersionReport:
    assert dataset.report is not None
    return dataset.report


def rejected(dataset: Dataset) -> dict[str, str]:
    return {item.key: item.reason for item in report(dataset).rejected_files}


def holdout(dataset: Dataset) -> set[str]:
    return {entry.sha256 for entry in dataset.subset(Split.HOLDOUT)}


def train(dataset: Dataset) -> set[str]:
    return {entry.sha256 for entry in dataset.subset(Split.TRAIN)}


def files_read(store: MemoryStore) -> int:
    return sum(uri.startswith(f"{URI}/") for uri in store.fetched)


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


def test_second_look_reads_only_what_is_new(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    first = loaded(store, tmp_path)
    store.objects[f"{URI}/blue/new.png"] = encoded(picture(500))
    store.fetched.clear()
    second = loaded(store, tmp_path, former=first.digest)
    assert report(second).objects_read == 1
    assert report(second).former == first.digest
    assert len(second.entries) == 25
    for entry in second.entries:
        assert second.pixels[entry.sha256].pixels.shape[2] == 3


def test_unchanged_objects_give_the_version_there_is(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    first = loaded(store, tmp_path)
    store.written.clear()
    assert loaded(store, tmp_path).digest == first.digest
    assert store.written == []


def test_the_same_images_found_again_change_nothing_of_their_version(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    first = loaded(store, tmp_path)
    folder = f"{VERSIONS}/{first.digest.removeprefix('sha256:')}"
    stored = (f"{folder}/manifest.jsonl.gz", f"{folder}/report.json")
    before = [store.objects[uri] for uri in stored]
    store.objects[f"{URI}/blue/broken.png"] = b"not an image"
    second = loaded(store, tmp_path, former=first.digest)
    assert second.digest == first.digest
    assert report(second).former == "", "no version comes before itself"
    assert [store.objects[uri] for uri in stored] == before
    assert list(rejected(second)) == ["blue/broken.png"], "this look is told all the same"
    assert rejected(loaded(store, tmp_path, former=first.digest)) == rejected(second)


def test_a_split_once_given_stays(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI, images=40)
    first = loaded(store, tmp_path)
    for number in range(40):
        store.objects[f"{URI}/blue/new{number}.png"] = encoded(picture(3000 + number))
    second = loaded(store, tmp_path, former=first.digest)
    assert holdout(first) <= holdout(second)
    assert train(first) <= train(second)
    assert any("blue" in name for name in report(second).classes)


def test_more_held_out_takes_nothing_that_the_starting_weights_learnt_from(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI, images=40)
    first = loaded(store, tmp_path)
    second = loaded(store, tmp_path, fraction=0.4, former=first.digest, ancestors=(first.digest,))
    assert holdout(second) & train(first) == set()
    assert any("asked for: 0.4" in warning for warning in report(second).warnings)


def test_what_ancestors_learnt_from_is_learnt_without_a_former_version_too(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI, images=40)
    first = loaded(store, tmp_path)
    second = loaded(store, tmp_path, fraction=0.5, ancestors=(first.digest,))
    assert holdout(second) & train(first) == set()


def test_a_former_version_that_is_gone_is_told_and_does_not_end_the_run(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    gone = f"sha256:{'0' * 64}"
    dataset = loaded(store, tmp_path, former=gone, ancestors=(gone,))
    assert len(dataset.entries) == 24
    assert sum("is gone" in warning for warning in report(dataset).warnings) == 2


def test_an_object_that_may_not_be_read_is_told_and_does_not_end_the_run(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI, images=40)
    store.faults[f"{URI}/blue/003.png"] = "the training key may not read it (AccessDenied)"
    dataset = loaded(store, tmp_path)
    assert rejected(dataset) == {"blue/003.png": "the training key may not read it (AccessDenied)"}
    store.faults.clear()
    assert len(loaded(store, tmp_path, former=dataset.digest).entries) == 80


def test_many_objects_that_may_not_be_read_end_the_run_with_count_and_example(
    tmp_path: Path,
) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    for number in range(6):
        store.faults[f"{URI}/blue/{number:03}.png"] = "it is archived; restore it first"
    with pytest.raises(TrainingFailure, match="6 of 24 objects") as caught:
        loaded(store, tmp_path)
    assert caught.value.reason is Reason.OBJECTS_UNREADABLE
    assert "blue/000.png" in caught.value.message


def test_a_version_is_rebuilt_by_its_digest(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    first = loaded(store, tmp_path)
    store.objects[f"{URI}/blue/new.png"] = encoded(picture(500))
    assert again(store, tmp_path, first.digest).entries == first.entries


def test_a_version_whose_objects_changed_says_which(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    first = loaded(store, tmp_path)
    store.objects[f"{URI}/blue/003.png"] = encoded(picture(500))
    with pytest.raises(TrainingFailure, match=r"blue/003\.png: its content has changed") as caught:
        again(store, tmp_path, first.digest)
    assert caught.value.reason is Reason.DATASET_VERSION_UNAVAILABLE


def test_kept_copies_outlive_the_objects(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    place = Location.parse("s3://models/default/lawn/datasets/images")
    first = loaded(store, tmp_path, copies=Copies(store, place))
    store.objects = {k: v for k, v in store.objects.items() if not k.startswith(f"{URI}/")}
    rebuilt = again(store, tmp_path, first.digest, Copies(store, place))
    assert rebuilt.entries == first.entries


def test_a_digest_that_nobody_made_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailure, match=r"status\.dataset\.version"):
        again(MemoryStore(), tmp_path, f"sha256:{'0' * 64}")


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
