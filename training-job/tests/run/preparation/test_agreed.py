"""A run whose dataset has images that callers agree on, without a reviewer."""

import gzip
import hmac
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.ports.storage import Location
from dandelion_training.review import decisions
from dandelion_training.review.decisions import Decision, Signer
from fakes.images import with_dataset
from fakes.s3 import MemoryStore
from given.reviewed_runs import dataset_of, origins
from given.reviews import DECISIONS, HOME, NOW, SECRET, digest, image, row, told
from given.runs import DATASET

# The pod that took feedback knew the answer, as it mostly does.
KNOWN = {"uid": "uid-1", "predicted": "yellow"}
AUTO = {"min_agreement": 2, "model_uid": "uid-1"}


@pytest.fixture
def store() -> MemoryStore:
    """A dataset of the classes blue and yellow, and a log with images."""
    found = MemoryStore()
    with_dataset(found, DATASET)
    for number in range(8):
        found.objects[f"{HOME}/images/{digest(number)}"] = image(number)
    return found


def log(store: MemoryStore, kind: str, *rows: dict[str, Any], folder: str = "") -> None:
    folder = folder or "date=2026-03-10/hour=11"
    name = f"{HOME}/{kind}/{folder}/pod-{len(store.objects)}-1.jsonl.gz"
    lines = "".join(json.dumps(found) + "\n" for found in rows)
    store.objects[name] = gzip.compress(lines.encode())


def agree(
    store: MemoryStore, number: int, label: str, callers: Sequence[str], **about: Any
) -> None:
    for caller in callers:
        said = KNOWN | {"imageSha256": digest(number), "caller": caller} | about
        log(store, "feedback", told(number, label, **said))


def decide(store: MemoryStore, number: int, label: str | None) -> None:
    decision = Decision(
        id=f"answer-{number}",
        index=0,
        imageSha256=digest(number),
        label=label,
        reject=label is None,
        source="correction",
        by="ada",
        time=NOW.isoformat(timespec="milliseconds"),
    )
    signer = Signer("default", "lawn", hmac.digest(SECRET.encode(), decisions.PURPOSE, "sha256"))
    decisions.keep(store, Location.parse(DECISIONS), signer, [decision])


def auto(work: Path, store: MemoryStore, **changed: Any) -> Dataset:
    return dataset_of(work, store, **AUTO | changed)


def test_what_enough_callers_agree_on_joins_its_class_and_says_so(
    tmp_path: Path, store: MemoryStore
) -> None:
    agree(store, 1, "blue", ["anna", "bert"])
    agree(store, 2, "blue", ["anna"])
    decide(store, 3, "yellow")
    dataset = auto(tmp_path, store)
    assert origins(dataset) == {
        "answer://answer-1/0": "agreement of 2 callers",
        "answer://answer-3/0": "review by ada",
    }
    assert dataset.report is not None
    reading = "With 1 reviewed image and 1 image that callers agree on."
    assert dataset.report.reading.endswith(reading)


@pytest.mark.parametrize("label", ["yellow", None], ids=["another label", "a rejection"])
def test_what_a_person_decided_comes_first_and_later_too(
    tmp_path: Path, store: MemoryStore, label: str | None
) -> None:
    agree(store, 1, "blue", ["anna", "bert", "carl"])
    before = auto(tmp_path, store)
    assert set(origins(before)) == {"answer://answer-1/0"}
    decide(store, 1, label)
    after = auto(tmp_path, store, former_dataset=before.digest)
    assert list(origins(after).values()) == (["review by ada"] if label else [])


def test_callers_who_no_longer_agree_take_the_image_out_of_the_next_version_alone(
    tmp_path: Path, store: MemoryStore
) -> None:
    agree(store, 1, "blue", ["anna", "bert"])
    before = auto(tmp_path, store)
    agree(store, 1, "yellow", ["carl"])
    after = auto(tmp_path, store, former_dataset=before.digest)
    assert origins(after) == {}
    assert auto(tmp_path, store, dataset_version=before.digest).entries == before.entries


def test_one_caller_teaches_nothing_however_many_answers_it_corrects(
    tmp_path: Path, store: MemoryStore
) -> None:
    for number in range(8):
        agree(store, number, "blue", ["mallory", "mallory"])
        agree(store, number, "blue", [""])
    assert origins(auto(tmp_path, store)) == {}


def test_without_the_mode_nothing_is_learnt_from_agreement(
    tmp_path: Path, store: MemoryStore
) -> None:
    agree(store, 1, "blue", ["anna", "bert", "carl"])
    assert origins(dataset_of(tmp_path, store)) == {}


def test_callers_of_a_former_resource_of_the_name_do_not_count(
    tmp_path: Path, store: MemoryStore
) -> None:
    agree(store, 1, "blue", ["anna"], uid="uid-0")
    agree(store, 1, "blue", ["bert"])
    assert origins(auto(tmp_path, store)) == {}


def test_what_callers_agree_on_is_never_measured_on(tmp_path: Path, store: MemoryStore) -> None:
    for number in range(8):
        agree(store, number, "blue", ["anna", "bert"])
    sides = {e.split for e in auto(tmp_path, store).entries if e.origin}
    assert sides == {Split.TRAIN}


@pytest.mark.parametrize("label", ["blue", "yellow"], ids=["another class", "the same class"])
def test_an_image_that_people_labelled_stays_as_they_labelled_it(
    tmp_path: Path, store: MemoryStore, label: str
) -> None:
    store.objects[f"{DATASET}/yellow/same.png"] = image(1)
    agree(store, 1, label, ["anna", "bert"], predicted="other")
    dataset = auto(tmp_path, store)
    (entry,) = (e for e in dataset.entries if e.sha256 == digest(1))
    assert (entry.key, entry.label, entry.origin) == ("yellow/same.png", "yellow", "")
    assert dataset.report is not None
    told = {item.key: item.reason for item in dataset.report.rejected_files}
    expected = "the dataset has the same file, whose label people gave it"
    assert told["answer://answer-1/0"] == expected


ID = "019cd730-6900-7abc-8000-000000001234.3.1.AAAAAAAAAAAAAAAAAAAAAA"  # of 10:00 on that day


@pytest.mark.parametrize("hour", [10, 11], ids=["its hour", "the hour after, when it was written"])
def test_an_answer_that_another_pod_gave_is_found_in_the_log(
    tmp_path: Path, store: MemoryStore, hour: int
) -> None:
    answered = row(1, id=ID, label="yellow")
    log(store, "predictions", row(2), answered, folder=f"date=2026-03-10/hour={hour}")
    agree(store, 1, "blue", ["anna"], id=ID)
    agree(store, 1, "blue", ["bert"], id=ID, predicted="", imageSha256=None)
    assert set(origins(auto(tmp_path, store))) == {f"answer://{ID}/0"}


def test_an_answer_that_the_log_does_not_have_adds_no_voice(
    tmp_path: Path, store: MemoryStore
) -> None:
    agree(store, 1, "blue", ["anna"])
    for lost in (ID, "answer-1"):
        agree(store, 1, "blue", ["bert"], id=lost, predicted="", imageSha256=None)
    assert origins(auto(tmp_path, store)) == {}


def test_feedback_that_cannot_be_read_hides_no_other(tmp_path: Path, store: MemoryStore) -> None:
    store.objects[f"{HOME}/feedback/date=2026-03-09/hour=01/pod-1-1.jsonl.gz"] = b"no gzip"
    log(store, "feedback", {"id": "answer-9"})
    agree(store, 1, "blue", ["anna", "bert"])
    assert set(origins(auto(tmp_path, store))) == {"answer://answer-1/0"}


def test_the_same_log_is_the_same_version_and_one_more_who_agrees_is_another(
    tmp_path: Path, store: MemoryStore
) -> None:
    agree(store, 1, "blue", ["anna", "bert"])
    first = auto(tmp_path, store)
    assert auto(tmp_path, store).digest == first.digest
    agree(store, 1, "blue", ["carl"])
    after = auto(tmp_path, store)
    assert origins(after) == {"answer://answer-1/0": "agreement of 3 callers"}
    assert after.digest != first.digest
