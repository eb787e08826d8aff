"""The dataset of a run: the version that is pinned, or the newest, with its pixels.

`pipeline` calls `prepared` before anything is learnt.
"""

from collections.abc import Sequence
from pathlib import Path

import structlog

from dandelion_training.data import ingest
from dandelion_training.data.clean import OnSmallClass
from dandelion_training.data.copies import Copies
from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.inputs import Wanted
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.layout.fetched import NOTHING_FETCHED
from dandelion_training.data.layout.reviewed import NOTHING_REVIEWED
from dandelion_training.data.load import Dataset, load, load_version
from dandelion_training.data.version.library import Library
from dandelion_training.ports.progress import AFTER_FETCHING, DOWNLOADING, Progress
from dandelion_training.ports.settings import Settings
from dandelion_training.ports.storage import ObjectStore
from dandelion_training.ports.web.connection import Network
from dandelion_training.publish.report import dataset_facts
from dandelion_training.run.disk import room_for
from dandelion_training.run.preparation.addresses import fetched
from dandelion_training.run.preparation.reviewed import reviewed
from dandelion_training.run.processors import Threads

log = structlog.get_logger()

LOGGED = 10  # files that were left out


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

    def advance(done: int, total: int) -> None:
        progress.advance(done / total, done=done, total=total)

    def room(images: int) -> None:
        room_for(images, geometry, work)

    found, stage = NOTHING_FETCHED, DOWNLOADING
    if not settings.dataset_version and settings.has_urls:
        found = fetched(store, settings, progress, library, network, threads.decoding, room)
        stage = AFTER_FETCHING
    decided = NOTHING_REVIEWED
    if not settings.dataset_version and settings.has_reviews:
        decided = reviewed(store, settings, library, threads.transfers)
    progress.enter(stage, dataset=str(settings.dataset_uri))
    copies = Copies(store, library.images) if settings.keep == "Copies" else None
    if settings.dataset_version:
        version = settings.dataset_version
        dataset = load_version(
            store, library, version, copies, geometry, pixels, shared, advance, splits
        )
    else:
        wanted = Wanted(
            settings.dataset_uri,
            settings.holdout_fraction,
            OnSmallClass(settings.on_small_class),
            settings.former_dataset,
            tuple(lineage),
        )
        dataset = load(
            store,
            library,
            wanted,
            copies,
            geometry,
            pixels,
            shared,
            advance,
            room=room,
            fetched=found,
            reviewed=decided,
        )
    progress.facts |= dataset_facts(dataset)
    log.info("dataset", **dataset_facts(dataset))
    for rejected in (dataset.report.rejected_files if dataset.report else ())[:LOGGED]:
        log.warning("left out", key=rejected.key, reason=rejected.reason)
    return dataset
