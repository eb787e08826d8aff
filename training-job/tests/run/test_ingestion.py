"""Reading a dataset and making its version, without a run."""

import json
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.progress import Progress, TrainingMetrics
from dandelion_training.ports.settings import DatasetSettings
from dandelion_training.ports.storage import Location
from dandelion_training.run.ingestion import Ingest, ingested
from dandelion_training.run.pipeline import run
from dandelion_training.run.processors import Threads
from fakes.images import encoded, picture, with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from fakes.web import Web
from given.data.urls import table, with_pages
from given.runs import DATASET, MODELS, task, told
from prometheus_client import CollectorRegistry

STATUS = f"{MODELS}/ingest/0123456789/status.json"
OF_A_DATASET = {*DatasetSettings.model_fields}


@pytest.fixture
def store() -> MemoryStore:
    found = MemoryStore()
    with_dataset(found, DATASET)
    return found


def asked(work: Path, store: MemoryStore, **changed: Any) -> Ingest:
    given = {name: value for name, value in told(work).items() if name in OF_A_DATASET}
    wanted = given | {"status_uri": Location.parse(STATUS)} | changed
    progress = Progress(
        store, Location.parse(STATUS), TrainingMetrics(CollectorRegistry()), clock=lambda: 0.0
    )
    few = Threads(transfers=4, decoding=1, learning=1)
    return Ingest(DatasetSettings.model_validate(wanted), store, progress, few)


def document(store: MemoryStore) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(store.objects[STATUS])
    return found


def test_it_makes_the_version_and_its_report_and_nothing_else(
    tmp_path: Path, store: MemoryStore
) -> None:
    store.objects[f"{DATASET}/blue/notes.jpg"] = b"not an image"
    before = set(store.objects)
    version = ingested(asked(tmp_path, store))
    status = document(store)
    assert (status["state"], status["percent"]) == ("succeeded", 100)
    assert status["datasetDigest"] == version.digest
    assert status["images"] == len(version.entries) > 0
    assert status["holdoutByClass"].keys() == {"blue", "yellow"}
    assert status["rejected"] == {"not a usable image": 1}
    assert "since" not in status
    folders = (f"{MODELS}/datasets/", STATUS)
    assert all(name.startswith(folders) for name in set(store.objects) - before)
    report = f"{MODELS}/datasets/{version.digest.removeprefix('sha256:')}/report.json"
    assert json.loads(store.objects[report])["rejected_files"][0]["key"] == "blue/notes.jpg"


def test_unchanged_images_make_no_new_version_and_nothing_has_changed(
    tmp_path: Path, store: MemoryStore
) -> None:
    first = ingested(asked(tmp_path, store))
    there = set(store.objects)
    again = ingested(asked(tmp_path, store, former_dataset=first.digest))
    assert again.digest == first.digest
    status = document(store)
    assert (status["since"], status["changes"]) == (first.digest, {})
    # The note of this look, which was another one: it had a version before it.
    assert all("/inputs/" in name for name in set(store.objects) - there)


def test_what_has_changed_since_the_version_before_is_counted(
    tmp_path: Path, store: MemoryStore
) -> None:
    first = ingested(asked(tmp_path, store))
    names = sorted(name for name in store.objects if name.startswith(f"{DATASET}/blue/"))
    del store.objects[names[0]]
    store.objects[f"{DATASET}/yellow/moved.png"] = store.objects.pop(names[1])
    for number in range(3):
        store.objects[f"{DATASET}/blue/new-{number}.png"] = encoded(picture(2000 + number))
    second = ingested(asked(tmp_path, store, former_dataset=first.digest))
    assert second.digest != first.digest
    changes = document(store)["changes"]
    assert (changes["removed"], changes["relabelled"], changes["added"]) == (1, 1, 3)


@pytest.mark.usefixtures("quickly")
def test_a_run_that_follows_learns_from_that_version(tmp_path: Path, store: MemoryStore) -> None:
    version = ingested(asked(tmp_path, store))
    manifests = {name for name in store.objects if name.endswith("/manifest.jsonl.gz")}
    run(task(tmp_path, store, FakeMlflow(), former_dataset=version.digest))
    contract = json.loads(store.objects[f"{MODELS}/a1b2c3d4e5/artifact/contract.json"])
    assert contract["dataset"]["digest"] == version.digest
    assert {n for n in store.objects if n.endswith("/manifest.jsonl.gz")} == manifests


def test_addresses_are_fetched_as_by_a_run(tmp_path: Path, store: MemoryStore) -> None:
    with Web().serving() as web:
        store.objects[f"{DATASET}/urls.csv"] = table(*with_pages(web, "green", 6, 900))
        place = Location.parse(f"{DATASET}/urls.csv")
        wanted = asked(tmp_path, store, urls_uri=place)
        ingest = Ingest(
            wanted.settings, store, wanted.progress, wanted.threads, network=web.network()
        )
        assert ingested(ingest).classes == ("blue", "green", "yellow")
    assert document(store)["addresses"] == {"fetched": 6, "known": 0, "failed": 0}


def test_images_are_kept_where_the_dataset_keeps_copies(tmp_path: Path, store: MemoryStore) -> None:
    version = ingested(asked(tmp_path, store, keep="Copies"))
    copies = {name.rpartition("/")[2] for name in store.objects if "/datasets/images/" in name}
    assert copies >= {entry.sha256 for entry in version.entries}


def test_no_dataset_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailure) as caught:
        ingested(asked(tmp_path, MemoryStore()))
    assert caught.value.reason is Reason.DATASET_EMPTY


def test_an_outcome_that_cannot_be_told_is_a_failure(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but its status says what came of it."""
    write = store.write

    def refused(place: Location, *content: Any) -> None:
        if str(place) == STATUS:
            raise TrainingFailure(Reason.STORAGE_UNREACHABLE, "no answer")
        write(place, *content)

    monkeypatch.setattr(store, "write", refused)
    with pytest.raises(TrainingFailure) as caught:
        ingested(asked(tmp_path, store))
    assert caught.value.reason is Reason.STORAGE_UNREACHABLE
