"""A run whose dataset has a table of addresses, in storage or mounted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.load import Dataset
from dandelion_training.data.version.objects import line_digests
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location
from dandelion_training.run.pipeline.task import Run
from dandelion_training.run.preparation import prepared
from fakes.images import with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from fakes.web import Web
from given.data.urls import table, with_pages
from given.runs import DATASET, STATUS, task

TABLE = f"{DATASET}/urls.csv"


@pytest.fixture
def web() -> Iterator[Web]:
    with Web().serving() as found:
        yield found


@pytest.fixture
def store() -> MemoryStore:
    found = MemoryStore()
    with_dataset(found, DATASET)
    return found


def run_of(tmp_path: Path, store: MemoryStore, **changed: Any) -> Run:
    return task(tmp_path, store, FakeMlflow(), **changed)


def dataset_of(run: Run, web: Web) -> Dataset:
    work = run.settings.work_dir / "work"
    work.mkdir(exist_ok=True)
    return prepared(
        run.store,
        run.settings,
        run.progress,
        Geometry(36, 32),
        run.threads,
        [],
        work,
        web.network(),
    )


def test_a_table_in_storage_is_fetched_before_the_dataset_is_made(
    tmp_path: Path, store: MemoryStore, web: Web
) -> None:
    store.objects[TABLE] = table(*with_pages(web, "green", 6, 900), "http://gone.example/,green")
    run = run_of(tmp_path, store, urls_uri=Location.parse(TABLE))
    dataset = dataset_of(run, web)
    assert dataset.classes == ("blue", "green", "yellow")
    status = json.loads(store.objects[STATUS])
    assert status["stage"] == "downloading"
    assert status["percent"] >= 6
    told = str(run.progress.facts["warnings"])
    assert "1 address of urls.csv could not be fetched: answered 404" in told
    assert run.progress.facts["rejected"] == {"could not be fetched": 1}


def test_the_lines_of_the_table_are_noted_beside_the_version(
    tmp_path: Path, store: MemoryStore, web: Web
) -> None:
    store.objects[TABLE] = table(*with_pages(web, "green", 6, 900), "http://gone.example/,green")
    dataset = dataset_of(run_of(tmp_path, store, urls_uri=Location.parse(TABLE)), web)
    name = f"{dataset.digest.removeprefix('sha256:')}/objects.bin"
    (noted,) = (content for uri, content in store.objects.items() if uri.endswith(name))
    assert all(line in noted for line in line_digests(store.objects[TABLE]))


def test_a_mounted_table_is_fetched_and_hosts_are_allowed_by_name(
    tmp_path: Path, store: MemoryStore, web: Web
) -> None:
    web.names = {"green.example": [["10.0.0.7"]], "red.example": [["10.0.0.8"]]}
    mounted = tmp_path / "urls.csv"
    mounted.write_bytes(table(*with_pages(web, "green", 6, 900), *with_pages(web, "red", 2, 700)))
    run = run_of(
        tmp_path, store, urls_file=mounted, urls_allowed_hosts="green.example,other.example:9000"
    )
    dataset = dataset_of(run, web)
    assert dataset.classes == ("blue", "green", "yellow")
    assert {place.partition("/")[0] for place in web.requests} == {"green.example"}


def test_without_a_table_nothing_is_asked_of_the_web(
    tmp_path: Path, store: MemoryStore, web: Web
) -> None:
    dataset = dataset_of(run_of(tmp_path, store), web)
    assert dataset.report is not None
    assert dataset.report.addresses is None
    assert web.requests == []


def test_a_pinned_version_is_made_of_what_was_fetched_then(
    tmp_path: Path, store: MemoryStore, web: Web
) -> None:
    store.objects[TABLE] = table(*with_pages(web, "green", 6, 900))
    urls = {"urls_uri": Location.parse(TABLE)}
    first = dataset_of(run_of(tmp_path, store, **urls), web)
    web.requests.clear()
    web.pages.clear()
    again = dataset_of(run_of(tmp_path, store, **urls, dataset_version=first.digest), web)
    assert again.entries == first.entries
    assert web.requests == []


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        ({"urls_uri": Location.parse(TABLE)}, "There is no table of addresses at"),
        ({"urls_file": Path("/nowhere/urls.csv")}, "does not exist, or has no key urls.csv"),
    ],
)
def test_a_table_that_is_not_there_ends_the_run(
    tmp_path: Path, store: MemoryStore, web: Web, urls: dict[str, Any], words: str
) -> None:
    with pytest.raises(TrainingFailure) as caught:
        dataset_of(run_of(tmp_path, store, **urls), web)
    assert caught.value.reason is Reason.LABELS_INVALID
    assert words in caught.value.message
    assert caught.value.exit_code == 64
