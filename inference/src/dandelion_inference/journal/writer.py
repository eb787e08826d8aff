"""Writes what the buffer holds to S3, in one thread, for as long as it takes.

Serving never waits for it. While the object store is away, the same object is tried again and again
under the same name, so an attempt that arrived without its answer leaves no second copy. Started
and ended by `journal`.
"""

from __future__ import annotations

import gzip
import io
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Protocol

import structlog

from dandelion_inference.journal.buffer import Buffer
from dandelion_inference.journal.rows import (
    Kind,
    LoggedImage,
    Origin,
    Row,
    folder,
    image_name,
    media_type,
    rows_name,
)
from dandelion_inference.ports.storage import Fault, StorageError

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# While the pod ends there is no time to be patient.
LAST_PAUSE = 0.25

ROWS_IN_A_TURN = 16

log = structlog.get_logger()


class Store(Protocol):
    def write(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        """Writes the whole object; raises StorageError."""
        ...


class Counters(Protocol):
    def log_begins(
        self, kinds: Iterable[str], reasons: Iterable[str], sources: Iterable[str]
    ) -> None: ...
    def log_written(self, kind: str, number: int) -> None: ...
    def log_dropped(self, kind: str, number: int) -> None: ...
    def log_failed(self, reason: str) -> None: ...
    def review_queued(self, answers: Mapping[str, int]) -> None: ...


class Writer:
    def __init__(
        self,
        open_store: Callable[[], Store],
        place: tuple[str, str],
        origin: Origin,
        buffer: Buffer,
        counters: Counters,
        flush_seconds: float,
        on_image_dropped: Callable[[str], None],
        reviews: bool = False,
    ) -> None:
        """`place` is a bucket and a key prefix; `on_image_dropped` is told the image's digest.
        `reviews`: people are asked about some of the answers.
        """
        self._open_store = open_store
        self._bucket, self._prefix = place
        self._origin = origin
        self._buffer = buffer
        self._counters = counters
        self._flush_seconds = flush_seconds
        self._on_image_dropped = on_image_dropped
        self._reviews = reviews
        self._numbers = count(1)
        self._store: Store | None = None
        self._fault: Fault | None = None
        self._lost = 0
        self._ending = threading.Event()
        self._deadline = float("inf")
        # A daemon: an object store that hangs must not keep the process past its deadline.
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self, seconds: float) -> None:
        """Writes what waits and waits for that, so long at most. The buffer is closed by then."""
        self._deadline = time.monotonic() + seconds
        self._ending.set()
        self._buffer.due.set()
        if self._thread.is_alive():
            self._thread.join(seconds + 2 * LAST_PAUSE)
        lost = self._lost + self._buffer.held().rows
        if lost:
            log.error("prediction log lost", rows=lost)

    def _run(self) -> None:
        while True:
            self._buffer.due.wait(self._flush_seconds)
            self._buffer.due.clear()
            ending = self._ending.is_set()
            rows, images = self._buffer.take()
            self._write_rows(rows)
            for image in images:
                self._write_image(image)
            del rows, images
            if ending:
                return

    def _write_rows(self, rows: list[Row]) -> None:
        for together in objects(rows):
            now, number = int(time.time() * 1000), next(self._numbers)
            key = rows_name(self._prefix, self._origin, folder(together[0]), now, number)
            written = self._write(
                together[0].kind,
                key,
                partial(lines, together, self._origin),
                "application/gzip",
                together,
            )
            if written and self._reviews:
                self._counters.review_queued(Counter(row.asks for row in together if row.asks))

    def _write_image(self, image: LoggedImage) -> None:
        key = image_name(self._prefix, self._origin, image.sha256)
        if not self._write(Kind.IMAGES, key, lambda: image.data, media_type(image.data), [image]):
            self._on_image_dropped(image.sha256)

    def _write(
        self,
        kind: Kind,
        key: str,
        make: Callable[[], bytes],
        content_type: str,
        items: Sequence[Row | LoggedImage],
    ) -> bool:
        written = self._try_until_written(key, make, content_type)
        if written:
            self._counters.log_written(kind, len(items))
        else:
            self._counters.log_dropped(kind, len(items))
            if self._ending.is_set() and kind is not Kind.IMAGES:
                self._lost += len(items)
        self._buffer.done(items)
        return written

    def _try_until_written(self, key: str, make: Callable[[], bytes], content_type: str) -> bool:
        data: bytes | None = None
        failures = 0
        while True:
            try:
                data = make() if data is None else data
                if self._store is None:
                    self._store = self._open_store()
                self._store.write(self._bucket, key, data, content_type)
            except StorageError as error:
                self._failed(error.fault, error.detail)
                if error.fault is Fault.REFUSED:
                    return False
            except Exception as error:
                if self._fault is not Fault.REFUSED:
                    log.exception("writing the prediction log failed")
                self._failed(Fault.REFUSED, f"{type(error).__name__}: {error}")
                return False
            else:
                self._worked()
                return True
            failures += 1
            if time.monotonic() + LAST_PAUSE >= self._deadline:
                return False
            self._ending.wait(pause(failures))
            if self._ending.is_set():
                time.sleep(LAST_PAUSE)

    def _failed(self, fault: Fault, detail: str) -> None:
        self._counters.log_failed(fault.value)
        if fault is not self._fault:
            # Once, not for every attempt: the counters tell how it goes on.
            log.warning("prediction log cannot be written", reason=fault.value, detail=detail)
        self._fault = fault

    def _worked(self) -> None:
        if self._fault is not None:
            log.info("prediction log is written again")
        self._fault = None


def objects(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows that go into one object each: those of a kind and an hour."""
    together: defaultdict[tuple[Kind, int], list[Row]] = defaultdict(list)
    for row in rows:
        together[row.kind, int(row.time // 3600)].append(row)
    return list(together.values())


def lines(rows: Sequence[Row], origin: Origin) -> bytes:
    """The rows as gzipped JSON Lines."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6, mtime=0) as packed:
        for number, row in enumerate(rows):
            text = json.dumps(row.document(origin), ensure_ascii=False, separators=(",", ":"))
            packed.write(text.encode() + b"\n")
            if number % ROWS_IN_A_TURN == 0:
                # Lets a request go first, which otherwise waits for the interpreter to take turns.
                time.sleep(0)
    return out.getvalue()


def pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 16)))
