"""Datasets as a run loads them, and what their versions say."""

from pathlib import Path
from typing import Any

from dandelion_training.data.copies import Copies
from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.ingest import Threads
from dandelion_training.data.inputs import Wanted
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.layout.fetched import NOTHING_FETCHED, Fetched
from dandelion_training.data.load import Dataset, load, load_version
from dandelion_training.data.version.library import Library
from dandelion_training.data.version.report import VersionReport
from dandelion_training.ports.storage import Location
from fakes.s3 import MemoryStore

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
    fetched: Fetched = NOTHING_FETCHED,
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
        fetched=fetched,
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
