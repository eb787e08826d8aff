"""All images of a run, decoded once and kept as bytes in one file that is mapped into memory.

Epochs then read pixels instead of decoding files anew, and a dataset larger than the memory limit
only costs page cache. `load` fills it, `batches` and `served` read it. Images are known by the
SHA-256 of their files: content that lies under two keys is there once.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from dandelion_training.data.images.inspect import Window


@dataclass(frozen=True, slots=True)
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

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._slots

    def add(self, sha256: str, window: Window) -> None:
        height, width, _ = window.pixels.shape
        with self._lock:
            if sha256 in self._slots:
                return
            offset = self._file.tell()
            self._file.write(np.ascontiguousarray(window.pixels).data)
            self._slots[sha256] = Slot(offset, height, width, window.left, window.top)

    def close(self) -> "Pixels":
        self._file.close()
        return Pixels(self._path, self._slots)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class Pixels:
    """The finished file: windows by the image's SHA-256."""

    def __init__(self, path: Path, slots: Mapping[str, Slot]) -> None:
        self._slots = slots
        self._map = (
            np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.empty(0, np.uint8)
        )

    def __getitem__(self, sha256: str) -> Window:
        slot = self._slots[sha256]
        size = slot.height * slot.width * 3
        flat = self._map[slot.offset : slot.offset + size]
        return Window(flat.reshape(slot.height, slot.width, 3), slot.left, slot.top)
