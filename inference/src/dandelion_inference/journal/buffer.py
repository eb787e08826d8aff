"""What waits to be written, and how much may wait.

Filled on the event loop, emptied by the writer's thread. What was taken out still counts until it
is written or given up, so the bounds are those of the memory. Called by `journal` and
`writer.py`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from dandelion_inference.journal.rows import LoggedImage, Row


@dataclass(frozen=True)
class Bounds:
    rows: int
    row_bytes: int
    image_bytes: int

    def full(self, held: Held) -> bool:
        """Is it time to write before the time is up? Half leaves room while the writing lasts."""
        return (
            held.rows * 2 >= self.rows
            or held.row_bytes * 2 >= self.row_bytes
            or held.image_bytes * 2 >= self.image_bytes
        )

    def fits(self, held: Held) -> bool:
        return (
            held.rows <= self.rows
            and held.row_bytes <= self.row_bytes
            and held.image_bytes <= self.image_bytes
        )


@dataclass(frozen=True, slots=True)
class Held:
    """How much is in memory."""

    rows: int = 0
    row_bytes: int = 0
    image_bytes: int = 0

    def __add__(self, other: Held) -> Held:
        return Held(
            self.rows + other.rows,
            self.row_bytes + other.row_bytes,
            self.image_bytes + other.image_bytes,
        )

    def __sub__(self, other: Held) -> Held:
        return self + Held(-other.rows, -other.row_bytes, -other.image_bytes)


def held(item: Row | LoggedImage) -> Held:
    if isinstance(item, LoggedImage):
        return Held(image_bytes=len(item.data))
    return Held(rows=1, row_bytes=item.size)


class Buffer:
    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._lock = threading.Lock()
        self._rows: deque[Row] = deque()
        self._images: deque[LoggedImage] = deque()
        self._held = Held()
        self._closed = False
        self.due = threading.Event()
        """Set when there is reason to write at once."""

    def add(self, item: Row | LoggedImage) -> bool:
        """False where there is no room: the item is dropped."""
        with self._lock:
            after = self._held + held(item)
            if self._closed or not self._bounds.fits(after):
                return False
            self._held = after
            if isinstance(item, LoggedImage):
                self._images.append(item)
            else:
                self._rows.append(item)
            if self._bounds.full(after):
                self.due.set()
        return True

    def take(self) -> tuple[list[Row], list[LoggedImage]]:
        """Everything that waits. Whoever takes it says `done` for each, one way or the other."""
        with self._lock:
            rows, images = list(self._rows), list(self._images)
            self._rows.clear()
            self._images.clear()
        return rows, images

    def done(self, items: Sequence[Row | LoggedImage]) -> None:
        total = sum(map(held, items), start=Held())
        with self._lock:
            self._held -= total

    def held(self) -> Held:
        """What is neither written nor given up."""
        with self._lock:
            return self._held

    def close(self) -> None:
        """Nothing is added any more, and what waits is due."""
        with self._lock:
            self._closed = True
        self.due.set()
