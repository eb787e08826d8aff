"""From a prefix in a bucket to a checked, cleaned and split dataset.

`pipeline` calls `load`; the rules of what is accepted are in `cleaned`, which takes findings and
knows no storage.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from dandelion_training.documents import digest
from dandelion_training.failures import Reason, TrainingFailure
from dandelion_training.fingerprint import Fingerprint, groups
from dandelion_training.images import MAXIMUM_BYTES, Geometry, Unusable, inspect
from dandelion_training.layout import layout
from dandelion_training.manifest import Entry, manifest
from dandelion_training.pixels import PixelFile, Pixels
from dandelion_training.split import Member, Side, split
from dandelion_training.storage import Listed, Location, ObjectStore

MINIMUM_IMAGES = 5


@dataclass(frozen=True)
class Rejected:
    """A file that was left out, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class Usable:
    """A readable image of a class."""

    key: str
    label: str
    sha256: str
    fingerprint: Fingerprint


@dataclass(frozen=True)
class Dataset:
    """What a run learns from and is examined on."""

    storage_uri: str
    classes: tuple[str, ...]
    entries: tuple[Entry, ...]
    rejected: tuple[Rejected, ...]
    pixels: Pixels
    manifest: bytes

    @property
    def digest(self) -> str:
        return digest(self.manifest)

    def side(self, side: Side) -> list[Entry]:
        return [entry for entry in self.entries if entry.side is side]


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
        usable, rejected = _download(store, files, geometry, writing, threads, advance)
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


def cleaned(
    source: Location, classes: Iterable[str], usable: Sequence[Usable], unusable: Sequence[Rejected]
) -> tuple[list[Usable], list[Rejected]]:
    """What is kept and what is left out of the readable images, or the reason why there is no
    dataset.
    """
    if not usable:
        raise TrainingFailure(
            Reason.NO_READABLE_IMAGES,
            f"None of the {len(unusable)} files under {source}/ is a usable image,"
            f" for example {unusable[0].key}: {unusable[0].reason}.",
        )
    kept, rejected = _without_duplicates(usable)
    counts = Counter(image.label for image in kept)
    short = {label: counts[label] for label in sorted(classes) if counts[label] < MINIMUM_IMAGES}
    if short:
        left_out = [*unusable, *rejected]
        found = ", ".join(
            f"{label!r} has {count}{_why_no_more(label, left_out)}"
            for label, count in short.items()
        )
        raise TrainingFailure(
            Reason.TOO_FEW_IMAGES,
            f"Each class needs at least {MINIMUM_IMAGES} different readable images: {found}."
            f" Add images, or remove the folder, under {source}/.",
        )
    return kept, rejected


def _why_no_more(label: str, left_out: Iterable[Rejected]) -> str:
    """What became of the other files of a class, with one of them as an example."""
    of_class = [item for item in left_out if item.key.startswith(f"{label}/")]
    if not of_class:
        return ""
    return f" ({len(of_class)} left out, for example {of_class[0].key}: {of_class[0].reason})"


def _without_duplicates(usable: Sequence[Usable]) -> tuple[list[Usable], list[Rejected]]:
    """One image of each content. Content under two labels teaches nothing: all copies go."""
    copies: dict[str, list[Usable]] = defaultdict(list)
    for image in sorted(usable, key=lambda image: image.key):
        copies[image.sha256].append(image)
    kept: list[Usable] = []
    rejected: list[Rejected] = []
    for same in copies.values():
        labels = sorted({image.label for image in same})
        if len(labels) > 1:
            reason = "the same file lies in several classes: " + ", ".join(labels)
            rejected.extend(Rejected(image.key, reason) for image in same)
        else:
            kept.append(same[0])
            rejected.extend(
                Rejected(image.key, f"an exact duplicate of {same[0].key}") for image in same[1:]
            )
    return sorted(kept, key=lambda image: image.key), rejected


def _entries(images: Sequence[Usable], holdout_fraction: float) -> tuple[Entry, ...]:
    numbers = groups([image.fingerprint for image in images])
    members = [
        Member(image.sha256, image.label, number)
        for image, number in zip(images, numbers, strict=True)
    ]
    sides = split(members, holdout_fraction)
    return tuple(
        Entry(image.key, image.sha256, image.label, side)
        for image, side in zip(images, sides, strict=True)
    )


def _download(
    store: ObjectStore,
    listed: Sequence[Listed],
    geometry: Geometry,
    pixels: PixelFile,
    threads: int,
    advance: Callable[[int, int], None],
) -> tuple[list[Usable], list[Rejected]]:
    stop = threading.Event()

    def fetch(item: Listed) -> Usable | Rejected | None:
        if stop.is_set():
            return None
        try:
            return _fetched(store, item, geometry, pixels)
        except Unusable as finding:
            return Rejected(item.name, str(finding))

    usable: list[Usable] = []
    rejected: list[Rejected] = []
    pool = ThreadPoolExecutor(threads, thread_name_prefix="download")
    try:
        for done, future in enumerate(as_completed([pool.submit(fetch, i) for i in listed]), 1):
            found = future.result()
            if isinstance(found, Usable):
                usable.append(found)
            elif found is not None:
                rejected.append(found)
            advance(done, len(listed))
    finally:
        # After a failure or SIGTERM nobody waits for the files that are under way.
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
    # Which thread was first must show nowhere, not even in the example that a failure names.
    return sorted(usable, key=lambda image: image.key), sorted(rejected, key=lambda item: item.key)


def _fetched(store: ObjectStore, item: Listed, geometry: Geometry, pixels: PixelFile) -> Usable:
    label, _, rest = item.name.partition("/")
    if not rest:
        raise Unusable("lies beside the class folders; put it into the folder of its class")
    if item.size > MAXIMUM_BYTES:
        raise Unusable(f"the file is larger than {MAXIMUM_BYTES // 1024**2} MiB")
    content = store.read(item.location)
    if content is None:
        raise Unusable("was removed while the dataset was being read")
    image = inspect(content, geometry)
    pixels.add(item.name, image.window)
    return Usable(item.name, label, image.sha256, image.fingerprint)
