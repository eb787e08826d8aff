"""A dataset version with the pixels of its images: what a run learns from and evaluates on.

A version that is wanted by its digest is rebuilt from the objects that it names, or from the copies
that were kept of them; what has changed since is told, and nothing else takes its place.
`preparation` calls `load` and `load_version`, and an ingest `load_without_pixels`.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dandelion_pictures import Unreadable

from dandelion_training.data.copies import Copies
from dandelion_training.data.dataset import Reading, dataset_version
from dandelion_training.data.images.inspect import (
    GENERATION,
    Geometry,
    Identified,
    identify,
    inspect,
    window_of,
)
from dandelion_training.data.images.pixels import PixelFile, Pixels
from dandelion_training.data.ingest import Threads, completed
from dandelion_training.data.inputs import Wanted
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.layout.fetched import NOTHING_FETCHED, Fetched, is_fetched
from dandelion_training.data.layout.reviewed import NOTHING_REVIEWED, Reviewed, is_reviewed
from dandelion_training.data.layout.table import folder_of, is_table
from dandelion_training.data.version.index import Index, UsableImage
from dandelion_training.data.version.library import Library
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.data.version.report import VersionReport
from dandelion_training.data.wording import listed
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location, ObjectFault, ObjectStore


@dataclass(frozen=True)
class Dataset:
    """A version, its report where there is one, and its pixels."""

    version: DatasetVersion
    report: VersionReport | None
    pixels: Pixels

    @property
    def classes(self) -> tuple[str, ...]:
        return self.version.classes

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.version.entries

    @property
    def digest(self) -> str:
        return self.version.digest

    def subset(self, split: Split) -> list[Entry]:
        return self.version.of(split)


@dataclass(frozen=True)
class Originals:
    """Where the files of a version are read: the copies that were kept, or the objects."""

    store: ObjectStore
    library: Library
    copies: Copies | None

    def fetch(self, folder: Location, entry: Entry, version_id: str) -> bytes:
        """The file's bytes; raises ObjectFault where they are not those of the version."""
        kept = self.copies.read(entry.sha256) if self.copies is not None else None
        if kept is not None:
            return kept
        if is_fetched(entry.key) or is_reviewed(entry.key):
            return self.library.fetched(entry.sha256).content
        content = self.store.fetch(folder.child(entry.key), version_id=version_id).content
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise ObjectFault("its content has changed")
        return content


def enough_room(_images: int) -> None:
    """Takes any number of images."""


def load(
    store: ObjectStore,
    library: Library,
    wanted: Wanted,
    copies: Copies | None,
    geometry: Geometry,
    file: Path,
    threads: Threads,
    advance: Callable[[int, int], None],
    room: Callable[[int], None] = enough_room,
    fetched: Fetched = NOTHING_FETCHED,
    reviewed: Reviewed = NOTHING_REVIEWED,
) -> Dataset:
    """The version that `wanted` names today with what was fetched and reviewed, and its pixels.

    Files that had to be read for the version are not read again for the pixels. `room` is told how
    many images there are once they are listed, and raises where they do not fit.
    """
    with PixelFile(file) as writing:

        def look(content: bytes) -> UsableImage:
            found = inspect(content, geometry)
            writing.add(found.sha256, found.window)
            return _kept(found, content, copies)

        reading = Reading(GENERATION, look, threads, room)
        version, report = dataset_version(
            store, library, wanted, reading, advance, fetched, reviewed
        )
        originals = Originals(store, library, copies)
        _complete(originals, library, version, writing, geometry, threads, advance)
        return Dataset(version, report, writing.close())


def load_without_pixels(
    store: ObjectStore,
    library: Library,
    wanted: Wanted,
    copies: Copies | None,
    threads: Threads,
    advance: Callable[[int, int], None],
    fetched: Fetched = NOTHING_FETCHED,
    reviewed: Reviewed = NOTHING_REVIEWED,
) -> tuple[DatasetVersion, VersionReport]:
    """The same version and its report, where nothing is to be learnt from it."""

    def look(content: bytes) -> UsableImage:
        return _kept(identify(content), content, copies)

    reading = Reading(GENERATION, look, threads, enough_room)
    return dataset_version(store, library, wanted, reading, advance, fetched, reviewed)


def _kept(found: Identified, content: bytes, copies: Copies | None) -> UsableImage:
    if copies is not None:
        copies.keep(found.sha256, content)
    return UsableImage(found.sha256, found.fingerprint, found.width, found.height)


def load_version(
    store: ObjectStore,
    library: Library,
    digest: str,
    copies: Copies | None,
    geometry: Geometry,
    file: Path,
    threads: Threads,
    advance: Callable[[int, int], None],
    splits: Iterable[Split] = tuple(Split),
) -> Dataset:
    """Exactly the version of a digest, with the pixels of these splits."""
    version = library.version(digest)
    with PixelFile(file) as writing:
        _complete(
            Originals(store, library, copies),
            library,
            version,
            writing,
            geometry,
            threads,
            advance,
            frozenset(splits),
        )
        return Dataset(version, library.report(digest), writing.close())


def _complete(
    originals: Originals,
    library: Library,
    version: DatasetVersion,
    pixels: PixelFile,
    geometry: Geometry,
    threads: Threads,
    advance: Callable[[int, int], None],
    splits: frozenset[Split] = frozenset(Split),
) -> None:
    """Read what is missing in `pixels`."""
    missing = [e for e in version.entries if e.split in splits and e.sha256 not in pixels]
    if not missing:
        return
    folder = Location.parse(
        folder_of(version.storage_uri) if is_table(version.storage_uri) else version.storage_uri
    )
    index = library.index(version.digest)

    def fetch(entry: Entry) -> str | None:
        try:
            content = originals.fetch(folder, entry, _version_id(index, entry))
        except ObjectFault as fault:
            return f"{entry.key}: {fault}"
        try:
            pixels.add(entry.sha256, window_of(content, geometry))
        except Unreadable as finding:
            return f"{entry.key}: {finding.words}"
        if originals.copies is not None:
            originals.copies.keep(entry.sha256, content)
        return None

    changed: list[str] = []
    for done, fault in enumerate(completed(fetch, missing, threads.transfers), 1):
        if fault is not None:
            changed.append(fault)
        advance(done, len(missing))
    if changed:
        raise _cannot_be_rebuilt(version, changed)


def _version_id(index: Index | None, entry: Entry) -> str:
    try:
        finding = index[entry.key] if index is not None else None
    except KeyError:
        return ""
    same = isinstance(finding, UsableImage) and finding.sha256 == entry.sha256
    return finding.version_id if same and isinstance(finding, UsableImage) else ""


def _cannot_be_rebuilt(version: DatasetVersion, changed: Sequence[str]) -> TrainingFailure:
    return TrainingFailure(
        Reason.DATASET_VERSION_UNAVAILABLE,
        f"Of the {len(version.entries):,} images of dataset version {version.digest},"
        f" {len(changed):,} can no longer be had: {listed(sorted(changed))}."
        " Put them back, or train on a newer version;"
        " spec.dataset.keep: Copies keeps a version's images for good.",
    )
