"""All images of a run, decoded once and kept as bytes in one file that is mapped into memory.

Epochs then read pixels instead of decoding files anew, and a dataset larger than the memory limit
only costs page cache. `ingest` fills it, `batches` and `served` read it.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from dandelion_training.data.images.inspect import Window


@dataclass(frozen=True)
class Slot:
    """Where one image lies in the file."""

    offset: int
    height: int
    width: int
    left: int
    top: int


class PixelFile:
    """The file while it is being written; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._lock = threading.Lock()
        self._slots: dict[str, Slot] = {}

    def add(self, key: str, window: Window) -> None:
        height, width, _ = window.pixels.shape
        with self._lock:
            offset = self._file.tell()
            self._file.write(np.ascontiguousarray(window.pixels).data)
            self._slots[key] = Slot(offset, height, width, window.left, window.top)

    def close(self) -> "Pixels":
        self._file.close()
        return Pixels(self._path, self._slots)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class Pixels:
    """The finished file: windows by the image's key."""

    def __init__(self, path: Path, slots: Mapping[str, Slot]) -> None:
        self._slots = slots
        self._map = (
            np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.empty(0, np.uint8)
        )

    def __getitem__(self, key: str) -> Window:
        slot = self._slots[key]
        size = slot.height * slot.width * 3
        flat = self._map[slot.offset : slot.offset + size]
        return Window(flat.reshape(slot.height, slot.width, 3), slot.left, slot.top)
