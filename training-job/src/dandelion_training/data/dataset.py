"""From a prefix in a bucket to a checked, cleaned and split dataset.

`pipeline` calls `load`; the rules of what is accepted are in `layout`, `inspect` and `clean`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dandelion_training.data.clean import cleaned
from dandelion_training.data.images.fingerprint import groups
from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.images.pixels import PixelFile, Pixels
from dandelion_training.data.ingest import Rejected, Usable, download
from dandelion_training.data.layout import layout
from dandelion_training.data.split import Member, Split, split
from dandelion_training.data.version import Entry, manifest
from dandelion_training.ports.documents import digest
from dandelion_training.ports.storage import Location, ObjectStore


@dataclass(frozen=True)
class Dataset:
    """What a run learns from and is evaluated on."""

    storage_uri: str
    classes: tuple[str, ...]
    entries: tuple[Entry, ...]
    rejected: tuple[Rejected, ...]
    pixels: Pixels
    manifest: bytes

    @property
    def digest(self) -> str:
        return digest(self.manifest)

    def subset(self, split: Split) -> list[Entry]:
        return [entry for entry in self.entries if entry.split is split]


def load(
    store: ObjectStore,
    source: Location,
    holdout_fraction: float,
    geometry: Geometry,
    file: Path,
    threads: int,
    advance: Callable[[int, int], None],
) -> Dataset:
    """List, download, decode, clean and split. `advance(done, total)` is told of every file."""
    files, classes = layout(store, source)
    with PixelFile(file) as writing:
        usable, rejected = download(store, files, geometry, writing, threads, advance)
        pixels = writing.close()
    kept, left_out = cleaned(source, classes, usable, rejected)
    rejected = sorted([*rejected, *left_out], key=lambda item: item.key)
    entries = _entries(kept, holdout_fraction)
    return Dataset(
        storage_uri=str(source),
        classes=classes,
        entries=entries,
        rejected=tuple(rejected),
        pixels=pixels,
        manifest=manifest(str(source), classes, entries),
    )


def _entries(images: Sequence[Usable], holdout_fraction: float) -> tuple[Entry, ...]:
    numbers = groups([image.fingerprint for image in images])
    members = [
        Member(image.sha256, image.label, number)
        for image, number in zip(images, numbers, strict=True)
    ]
    splits = split(members, holdout_fraction)
    return tuple(
        Entry(image.key, image.sha256, image.label, assigned)
        for image, assigned in zip(images, splits, strict=True)
    )
