"""Reads a dataset as it is now and makes its version, as a run would, and trains nothing.

A run that follows finds the version, if the images are the same by then. `job` calls `ingested`.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from dandelion_training.data import ingest
from dandelion_training.data.load import enough_room, load_without_pixels
from dandelion_training.data.version.difference import Difference, difference
from dandelion_training.data.version.library import Library
from dandelion_training.data.version.manifest import DatasetVersion
from dandelion_training.learn.lineage import initial_lineage
from dandelion_training.ports.progress import (
    FETCHING_FIRST,
    LISTING,
    READING,
    READING_AFTER_FETCHING,
    Progress,
)
from dandelion_training.ports.settings import DatasetSettings
from dandelion_training.ports.storage import ObjectStore
from dandelion_training.ports.web.connection import Network
from dandelion_training.run.preparation import (
    advancing,
    copies_of,
    gathered,
    tell_of,
    wanted,
)
from dandelion_training.run.processors import Threads

log = structlog.get_logger()

CLASSES_NAMED = 20


@dataclass(frozen=True)
class Ingest:
    """Everything that reading a dataset works with."""

    settings: DatasetSettings
    store: ObjectStore
    progress: Progress
    threads: Threads
    network: Network = field(default_factory=Network)


def ingested(task: Ingest) -> DatasetVersion:
    """The version of today, kept, with what leads to it from the one before in the status.

    Raises TrainingFailure where there is no dataset, or its status cannot be written.
    """
    settings, progress = task.settings, task.progress
    progress.enter(LISTING)
    with tempfile.TemporaryDirectory(dir=settings.work_dir, prefix="ingest-") as folder:
        library = Library(task.store, settings.dataset_manifests_uri, Path(folder))
        found = gathered(
            task.store,
            settings,
            progress,
            library,
            task.threads,
            task.network,
            enough_room,
            FETCHING_FIRST,
        )
        stage = READING_AFTER_FETCHING if settings.has_urls else READING
        progress.enter(stage, dataset=str(settings.dataset_uri))
        version, report = load_without_pixels(
            task.store,
            library,
            wanted(settings, initial_lineage(task.store, settings.initial_weights)),
            copies_of(task.store, settings, library),
            ingest.Threads(task.threads.transfers, task.threads.decoding),
            advancing(progress),
            found.fetched,
            found.reviewed,
        )
        tell_of(version, report, progress)
        before = settings.former_dataset
        former = library.version_if_there(before) if before else None
    if former is not None:
        progress.facts |= {"since": former.digest, "changes": _changes(difference(former, version))}
    progress.concluded(task.store)
    log.info("ingested", version=version.digest, since=before or None)
    return version


def _changes(found: Difference) -> dict[str, object]:
    """Counts of images, and the first of the classes; empty where nothing has changed."""
    counts = {
        "added": len(found.added),
        "removed": len(found.removed),
        "changed": len(found.changed),
        "relabelled": len(found.relabelled),
        "renamed": len(found.renamed),
        "movedSplit": len(found.moved),
        "classesGained": len(found.gained),
        "classesLost": len(found.lost),
    }
    return {name: count for name, count in counts.items() if count}
