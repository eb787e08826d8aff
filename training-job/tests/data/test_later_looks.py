"""A dataset that was read before: what is read again, found again, rebuilt."""

from pathlib import Path

import pytest
from dandelion_training.data.copies import Copies
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location
from fakes.images import encoded, picture, with_dataset
from fakes.s3 import MemoryStore
from given.data.datasets import URI, VERSIONS, again, holdout, loaded, rejected, report, train


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
