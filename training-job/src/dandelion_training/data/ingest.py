"""Downloads and reads every file of a dataset, in threads.

`dataset` calls `download`; a file that cannot be learnt from is a finding with its reason.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from dandelion_training.data.images.fingerprint import Fingerprint
from dandelion_training.data.images.inspect import MAXIMUM_BYTES, Geometry, Unusable, inspect
from dandelion_training.data.images.pixels import PixelFile
from dandelion_training.ports.storage import Listed, ObjectStore


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


def download(
    store: ObjectStore,
    listed: Sequence[Listed],
    geometry: Geometry,
    pixels: PixelFile,
    threads: int,
    advance: Callable[[int, int], None],
) -> tuple[list[Usable], list[Rejected]]:
    """What can be learnt from and what cannot, each in the order of the keys; the pixels of the
    former go into the file.
    """
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
