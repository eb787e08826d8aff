"""The dataset of a run: the version that is pinned, or the newest, with its pixels.

`pipeline` calls `prepared` before anything is learnt; an ingest takes the parts of it that read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from dandelion_training.data import ingest
from dandelion_training.data.clean import OnSmallClass
from dandelion_training.data.copies import Copies
from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.inputs import Wanted
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.layout.fetched import NOTHING_FETCHED, Fetched
from dandelion_training.data.layout.reviewed import NOTHING_REVIEWED, Reviewed
from dandelion_training.data.load import Dataset, load, load_version
from dandelion_training.data.version.library import Library
from dandelion_training.data.version.manifest import DatasetVersion
from dandelion_training.data.version.report import VersionReport
from dandelion_training.ports.progress import (
    AFTER_FETCHING,
    DOWNLOADING,
    FETCHING,
    Progress,
    Stage,
)
from dandelion_training.ports.settings import DatasetSettings, Settings
from dandelion_training.ports.storage import ObjectStore
from dandelion_training.ports.web.connection import Network
from dandelion_training.publish.report import dataset_facts
from dandelion_training.run.disk import room_for
from dandelion_training.run.preparation.addresses import fetched
from dandelion_training.run.preparation.reviewed import reviewed
from dandelion_training.run.processors import Threads

log = structlog.get_logger()

LOGGED = 10  # files that were left out


@dataclass(frozen=True)
class Gathered:
    """What joins the images of a dataset's folder."""

    fetched: Fetched
    reviewed: Reviewed


def prepared(
    store: ObjectStore,
    settings: Settings,
    progress: Progress,
    geometry: Geometry,
    threads: Threads,
    lineage: Sequence[str],
    work: Path,
    network: Network,
    splits: Sequence[Split] = tuple(Split),
) -> Dataset:
    """The dataset; `lineage` are the versions that the starting weights learnt from.

    Of a version that is pinned, the pixels of these splits.
    """
    library = Library(store, settings.dataset_manifests_uri, work)
    pixels, shared = work / "pixels", ingest.Threads(threads.transfers, threads.decoding)
    advance = advancing(progress)

    def room(images: int) -> None:
        room_for(images, geometry, work)

    copies = copies_of(store, settings, library)
    if settings.dataset_version:
        progress.enter(DOWNLOADING, dataset=str(settings.dataset_uri))
        version = settings.dataset_version
        dataset = load_version(
            store, library, version, copies, geometry, pixels, shared, advance, splits
        )
    else:
        found = gathered(store, settings, progress, library, threads, network, room)
        stage = AFTER_FETCHING if settings.has_urls else DOWNLOADING
        progress.enter(stage, dataset=str(settings.dataset_uri))
        dataset = load(
            store,
            library,
            wanted(settings, lineage),
            copies,
            geometry,
            pixels,
            shared,
            advance,
            room=room,
            fetched=found.fetched,
            reviewed=found.reviewed,
        )
    tell_of(dataset.version, dataset.report, progress)
    return dataset


def gathered(
    store: ObjectStore,
    settings: DatasetSettings,
    progress: Progress,
    library: Library,
    threads: Threads,
    network: Network,
    room: Callable[[int], None],
    fetching: Stage = FETCHING,
) -> Gathered:
    """What a table of addresses names, and what people or callers said of logged images."""
    found, decided = NOTHING_FETCHED, NOTHING_REVIEWED
    if settings.has_urls:
        found = fetched(
            store, settings, progress, library, network, threads.decoding, room, fetching
        )
    if settings.has_reviews:
        decided = reviewed(store, settings, library, threads.transfers)
    return Gathered(found, decided)


def wanted(settings: DatasetSettings, lineage: Sequence[str]) -> Wanted:
    return Wanted(
        settings.dataset_uri,
        settings.holdout_fraction,
        OnSmallClass(settings.on_small_class),
        settings.former_dataset,
        tuple(lineage),
    )


def copies_of(store: ObjectStore, settings: DatasetSettings, library: Library) -> Copies | None:
    return Copies(store, library.images) if settings.keep == "Copies" else None


def advancing(progress: Progress) -> Callable[[int, int], None]:
    def advance(done: int, total: int) -> None:
        progress.advance(done / total, done=done, total=total)

    return advance


def tell_of(version: DatasetVersion, report: VersionReport | None, progress: Progress) -> None:
    facts = dataset_facts(version, report)
    progress.facts |= facts
    log.info("dataset", **facts)
    for rejected in (report.rejected_files if report else ())[:LOGGED]:
        log.warning("left out", key=rejected.key, reason=rejected.reason)
