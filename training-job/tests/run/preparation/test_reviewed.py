"""A run whose dataset has images that people reviewed."""

import hmac
from pathlib import Path

import pytest
from dandelion_training.data.load import Dataset
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location
from dandelion_training.review import decisions
from dandelion_training.review.decisions import Decision, Signer
from fakes.images import with_dataset
from fakes.s3 import MemoryStore
from given.reviewed_runs import dataset_of, origins
from given.reviews import DECISIONS, HOME, NOW, SECRET, digest, image
from given.runs import DATASET, MODELS

PLACE = Location.parse(DECISIONS)


@pytest.fixture
def store() -> MemoryStore:
    """A dataset of the classes blue and yellow, and a log with images."""
    found = MemoryStore()
    with_dataset(found, DATASET)
    for number in range(8):
        found.objects[f"{HOME}/images/{digest(number)}"] = image(number)
    return found


def decide(
    store: MemoryStore, number: int, label: str | None, secret: str = SECRET, hour: int = 0
) -> None:
    decision = Decision(
        id=f"answer-{number}",
        index=0,
        imageSha256=digest(number),
        label=label,
        reject=label is None,
        source="sample",
        by="ada",
        time=NOW.replace(hour=hour).isoformat(timespec="milliseconds"),
    )
    key = hmac.digest(secret.encode(), decisions.PURPOSE, "sha256")
    decisions.keep(store, PLACE, Signer("default", "lawn", key), [decision])


def reviewed(dataset: Dataset) -> dict[str, str]:
    return {e.key: e.label for e in dataset.entries if e.key.startswith("answer://")}


def test_what_was_accepted_joins_its_class_and_what_was_rejected_does_not(
    tmp_path: Path, store: MemoryStore
) -> None:
    decide(store, 1, "blue")
    decide(store, 2, "yellow")
    decide(store, 3, None)
    dataset = dataset_of(tmp_path, store)
    assert reviewed(dataset) == {"answer://answer-1/0": "blue", "answer://answer-2/0": "yellow"}
    assert set(origins(dataset).values()) == {"review by ada"}
    assert dataset.report is not None
    assert dataset.report.reading.endswith("With 2 reviewed images.")
    assert all(dataset.pixels[entry.sha256] for entry in dataset.entries)


def test_the_latest_decision_about_an_image_is_the_one_that_is_learnt(
    tmp_path: Path, store: MemoryStore
) -> None:
    decide(store, 1, "blue", hour=2)
    decide(store, 1, "yellow", hour=3)
    decide(store, 1, None, hour=1)
    assert reviewed(dataset_of(tmp_path, store)) == {"answer://answer-1/0": "yellow"}


def test_an_accepted_image_stays_when_the_log_keeps_it_no_more(
    tmp_path: Path, store: MemoryStore
) -> None:
    decide(store, 1, "blue")
    first = dataset_of(tmp_path, store)
    assert store.objects[f"{MODELS}/datasets/images/{digest(1)}"] == image(1)
    del store.objects[f"{HOME}/images/{digest(1)}"]
    decide(store, 2, "blue")
    assert set(reviewed(dataset_of(tmp_path, store))) > set(reviewed(first))
    again = dataset_of(tmp_path, store, dataset_version=first.digest)
    assert again.entries == first.entries


def test_an_image_that_was_gone_before_a_run_saw_it_is_told(
    tmp_path: Path, store: MemoryStore
) -> None:
    decide(store, 1, "blue")
    decide(store, 2, "blue")
    store.objects[f"{HOME}/images/{digest(1)}"] = b"another"
    dataset = dataset_of(tmp_path, store)
    assert set(reviewed(dataset)) == {"answer://answer-2/0"}
    assert dataset.report is not None
    told = {item.key: item.reason for item in dataset.report.rejected_files}
    assert told == {"answer://answer-1/0": "the prediction log keeps its image no more"}


def test_a_review_makes_no_class(tmp_path: Path, store: MemoryStore) -> None:
    decide(store, 1, "moss")
    dataset = dataset_of(tmp_path, store)
    assert dataset.classes == ("blue", "yellow")
    assert dataset.report is not None
    assert (
        "1 image reviewed as 'moss' left out: the dataset has no such class. Add at least five"
        " images of it." in dataset.report.warnings
    )


def test_an_image_that_lies_in_the_dataset_too_counts_once(
    tmp_path: Path, store: MemoryStore
) -> None:
    decide(store, 1, "blue")
    store.objects[f"{DATASET}/blue/same.png"] = image(1)
    dataset = dataset_of(tmp_path, store)
    assert [e.sha256 for e in dataset.entries].count(digest(1)) == 1


def test_an_image_that_the_dataset_has_in_another_class_is_learnt_in_neither(
    tmp_path: Path, store: MemoryStore
) -> None:
    decide(store, 1, "blue")
    store.objects[f"{DATASET}/yellow/same.png"] = image(1)
    dataset = dataset_of(tmp_path, store)
    assert digest(1) not in {entry.sha256 for entry in dataset.entries}
    assert dataset.report is not None
    assert dataset.report.rejected == {"in several classes": 2}


def test_where_people_held_out_images_reviewed_ones_are_learnt_from(
    tmp_path: Path, store: MemoryStore
) -> None:
    for label, split, count in (
        *(("blue", "train", 6), ("yellow", "train", 6)),
        *(("blue", "val", 3), ("yellow", "val", 3)),
    ):
        for number in range(count):
            content = store.objects[f"{DATASET}/{label}/{number + 6 * (split == 'val'):03}.png"]
            store.objects[f"s3://datasets/split/{split}/{label}/{number}.png"] = content
    for number in range(6):
        decide(store, number, "blue")
    dataset = dataset_of(tmp_path, store, dataset_uri=Location.parse("s3://datasets/split"))
    held_out = {e.key for e in dataset.entries if e.split.value == "holdout"}
    assert len(reviewed(dataset)) == 6
    assert not held_out & reviewed(dataset).keys()


def test_what_this_key_did_not_sign_is_not_learnt(tmp_path: Path, store: MemoryStore) -> None:
    decide(store, 1, "blue", secret="the log's secret")
    assert reviewed(dataset_of(tmp_path, store)) == {}


def test_the_same_decisions_are_the_same_version_and_more_are_another(
    tmp_path: Path, store: MemoryStore
) -> None:
    decide(store, 1, "blue")
    first = dataset_of(tmp_path, store)
    assert dataset_of(tmp_path, store).digest == first.digest
    decide(store, 1, "yellow", hour=1)
    assert dataset_of(tmp_path, store).digest != first.digest


def test_where_answers_are_not_reviewed_decisions_are_left_alone(
    tmp_path: Path, store: MemoryStore
) -> None:
    decide(store, 1, "blue")
    assert reviewed(dataset_of(tmp_path, store, log_uri=None, decisions_uri=None)) == {}


def test_a_bucket_that_may_not_be_read_ends_the_run(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(store, 1, "blue")

    def refused(location: Location) -> bytes | None:
        if str(location).startswith(HOME):
            raise TrainingFailure(Reason.CREDENTIALS_REJECTED, f"refused for {location}")
        return store.objects.get(str(location))

    monkeypatch.setattr(store, "read", refused)
    with pytest.raises(TrainingFailure, match="refused for s3://predictions"):
        dataset_of(tmp_path, store)
