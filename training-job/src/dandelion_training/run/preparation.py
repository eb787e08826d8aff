"""The dataset of a run: the version that is pinned, or the newest, with its pixels.

`pipeline` calls `prepared` before anything is learnt.
"""

from collections.abc import Sequence
from pathlib import Path

import structlog

from dandelion_training.data import ingest
from dandelion_training.data.clean import OnSmallClass
from dandelion_training.data.copies import Copies
from dandelion_training.data.dataset import Wanted
from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.load import Dataset, load, load_version
from dandelion_training.data.version.library import Library
from dandelion_training.ports.progress import DOWNLOADING, Progress
from dandelion_training.ports.settings import Settings
from dandelion_training.ports.storage import ObjectStore
from dandelion_training.publish.report import dataset_facts
from dandelion_training.run.disk import room_for
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
) -> Dataset:
    """The dataset; `lineage` are the versions that the starting weights learnt from."""
    progress.enter(DOWNLOADING, dataset=str(settings.dataset_uri))
    library = Library(store, settings.dataset_manifests_uri, work)
    kept = settings.keep == "Copies"
    copies = Copies(store, settings.dataset_manifests_uri.child("images")) if kept else None
    pixels, shared = work / "pixels", ingest.Threads(threads.transfers, threads.decoding)

    def advance(done: int, total: int) -> None:
        progress.advance(done / total, done=done, total=total)

    if settings.dataset_version:
        version = settings.dataset_version
        dataset = load_version(store, library, version, copies, geometry, pixels, shared, advance)
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
            room=lambda images: room_for(images, geometry, work),
        )
    progress.facts |= dataset_facts(dataset)
    log.info("dataset", **dataset_facts(dataset))
    for rejected in (dataset.report.rejected_files if dataset.report else ())[:LOGGED]:
        log.warning("left out", key=rejected.key, reason=rejected.reason)
    return dataset
