"""Reads what is not known yet of a dataset's objects, many at a time, within bounds.

Whatever is wrong with one object is a finding about that object, never the end of the run: content
that no decoder likes goes into the index, and what may be different tomorrow (an object that may
not be read, is archived, vanished or changes) is told as a fault and asked again next time.
`dataset` calls `ingest`.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import TypeVar

from dandelion_training.data.version.index import (
    Finding,
    Index,
    UnusableFile,
    UsableImage,
    unknown,
)
from dandelion_training.ports.failures import Interrupted, TrainingFailure
from dandelion_training.ports.storage import Fetched, ObjectFault, StoredObject

MAXIMUM_BYTES = 128 * 1024 * 1024
AHEAD = 2  # objects under way for each transfer, so that none waits for the next

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Ingested:
    """What reading brought, beside the findings in the index."""

    faults: dict[str, str]  # why an object could not be read, by name
    objects_read: int
    bytes_read: int


@dataclass(frozen=True)
class Threads:
    """How many at a time: transfers wait for the network, decoding keeps a processor busy."""

    transfers: int
    decoding: int


def ingest(
    fetch: Callable[[StoredObject], Fetched],
    objects: Iterable[StoredObject],
    index: Index,
    inspect: Callable[[bytes], UsableImage],
    threads: Threads,
    advance: Callable[[int, int], None],
) -> Ingested:
    """Complete `index` for `objects`. `fetch` reads one or raises ObjectFault, `inspect` tells what
    its content is or raises why it is unusable; `advance(done, total)` is told of every object.
    """
    wanted = unknown(objects, index)
    decoding = threading.Semaphore(threads.decoding)

    def look(item: StoredObject) -> tuple[StoredObject, Finding | ObjectFault, int]:
        if item.size > MAXIMUM_BYTES:
            too_large = f"the file is larger than {MAXIMUM_BYTES // 1024**2} MiB"
            return item, UnusableFile(too_large), 0
        try:
            fetched = fetch(item)
        except ObjectFault as fault:
            return item, fault, 0
        with decoding:
            finding = looked_at(inspect, fetched.content)
        if isinstance(finding, UsableImage) and fetched.version_id:
            finding = replace(finding, version_id=fetched.version_id)
        return item, finding, len(fetched.content)

    faults: dict[str, str] = {}
    objects_read = bytes_read = 0
    for done, (item, finding, size) in enumerate(completed(look, wanted, threads.transfers), 1):
        if isinstance(finding, ObjectFault):
            faults[item.name] = str(finding)
        else:
            index.add(item, finding)
            objects_read, bytes_read = objects_read + 1, bytes_read + size
        advance(done, len(wanted))
    return Ingested(faults, objects_read, bytes_read)


def looked_at(inspect: Callable[[bytes], Result], content: bytes) -> Result | UnusableFile:
    """What `inspect` finds, or why the content is unusable."""
    if not content:
        return UnusableFile("the file is empty")
    try:
        return inspect(content)
    except (Interrupted, TrainingFailure, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise almost anything on a damaged file
        return UnusableFile(" ".join(str(error).split())[:200] or type(error).__name__)


def completed(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """The results as they come. No more items are under way than keep the threads busy, so a
    million of them need no memory for a million futures.
    """
    results: SimpleQueue[Future[Result]] = SimpleQueue()
    remaining = iter(items)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="transfer")

    def submit() -> bool:
        for item in remaining:
            pool.submit(work, item).add_done_callback(results.put)
            return True
        return False

    try:
        under_way = sum(submit() for _ in range(threads * AHEAD))
        while under_way:
            yield results.get().result()
            under_way += submit() - 1
    finally:
        # After a failure or SIGTERM nobody waits for the objects that are under way.
        pool.shutdown(wait=False, cancel_futures=True)
