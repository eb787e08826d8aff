"""Directories of tags, as TIFF files and the EXIF of all other formats hold them (TIFF 6.0).

Only what says how pixels are meant is read, so that the rest may be as broken as it likes: a
viewer turns a photo upright whatever its resolution says. Nothing here raises.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORIENTATION = 0x0112
EXIF_DIRECTORY, INTEROPERABILITY_DIRECTORY = 0x8769, 0xA005
COLOUR_SPACE, UNCALIBRATED = 0xA001, 0xFFFF
INTEROPERABILITY_INDEX, ADOBE_RGB = 0x0001, b"R03"

BYTE, ASCII, SHORT, LONG, LONG8 = 1, 2, 3, 4, 16
WIDTHS = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, 6: 1, 7: 1, 8: 2, 9: 4, LONG8: 8, 13: 4}
CODES = {BYTE: "B", SHORT: "H", LONG: "I", LONG8: "Q", 13: "I"}


@dataclass(frozen=True)
class Layout:
    """How wide the numbers of a file are: those of a BigTIFF are twice as wide."""

    order: str
    big: bool

    @property
    def offset(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "I"))

    @property
    def count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))

    @property
    def first(self) -> int:
        """Where the header says where the first directory lies."""
        return 8 if self.big else 4


@dataclass(frozen=True)
class Entry:
    kind: int
    count: int
    field: bytes
    """The value, where it fits; otherwise where it lies."""
    stored: bytes
    """The entry as it stands in the file."""


@dataclass(frozen=True)
class Directory:
    data: bytes
    layout: Layout
    entries: dict[int, Entry]

    def content(self, tag: int, most: int) -> bytes | None:
        """The bytes of a value, or nothing where they are more than `most` or beyond the end."""
        entry = self.entries.get(tag)
        if entry is None:
            return None
        size = entry.count * WIDTHS.get(entry.kind, most + 1)
        if size > most:
            return None
        if size <= len(entry.field):
            return entry.field[:size]
        start = self.layout.offset.unpack(entry.field)[0]
        found = self.data[start : start + size]
        return found if len(found) == size else None

    def number(self, tag: int) -> int | None:
        """The first of the whole numbers of a tag."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in CODES or entry.count < 1:
            return None
        width = WIDTHS[entry.kind]
        held = entry.field
        if entry.count * width > len(held):
            start = self.layout.offset.unpack(held)[0]
            held = self.data[start : start + width]
        if len(held) < width:
            return None
        return int(struct.unpack(self.layout.order + CODES[entry.kind], held[:width])[0])

    def numbers(self, tag: int) -> NDArray[np.uint64]:
        """All whole numbers of a tag; none where they are of another kind or beyond the end."""
        entry = self.entries.get(tag)
        none = np.empty(0, np.uint64)
        if entry is None or entry.kind not in CODES:
            return none
        content = self.content(tag, len(self.data))
        if content is None:
            return none
        code = f"{self.layout.order}u{WIDTHS[entry.kind]}"
        return np.frombuffer(content, code).astype(np.uint64)


def layout_of(data: bytes) -> Layout | None:
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return None
    return Layout(order, big=b"+" in data[2:4])


def first_directory(data: bytes) -> Directory | None:
    layout = layout_of(data)
    if layout is None:
        return None
    pointer = data[layout.first : layout.first + layout.offset.size]
    if len(pointer) < layout.offset.size:
        return None
    return directory(data, layout.offset.unpack(pointer)[0], layout)


def directory(data: bytes, at: int, layout: Layout) -> Directory:
    """The entries that are there; a cut-off directory has fewer."""
    entries: dict[int, Entry] = {}
    start = at + layout.count.size
    if start <= len(data):
        (count,) = layout.count.unpack_from(data, at)
        room = (len(data) - start) // layout.entry.size
        for number in range(min(count, room, 0xFFFF)):
            place = start + number * layout.entry.size
            tag, kind, length, field = layout.entry.unpack_from(data, place)
            stored = data[place : place + layout.entry.size]
            entries.setdefault(tag, Entry(kind, length, field, stored))
    return Directory(data, layout, entries)


def exif_directory(exif: bytes) -> Directory | None:
    """The main directory of EXIF, with or without the words that it begins with in a JPEG."""
    return first_directory(exif.removeprefix(b"Exif\0\0"))


def orientation(main: Directory | None) -> int:
    """How the picture is turned upright: 1 to 8, and 1 where nothing sensible says so."""
    found = main.number(ORIENTATION) if main else None
    return found if found is not None and 1 <= found <= 8 else 1


def is_adobe_rgb(main: Directory | None) -> bool:
    """Whether a camera says so the way that cameras do, without a profile (DCF 2.0, 4.6)."""
    pointer = main.number(EXIF_DIRECTORY) if main else None
    if main is None or pointer is None:
        return False
    details = directory(main.data, pointer, main.layout)
    pointer = details.number(INTEROPERABILITY_DIRECTORY)
    if pointer is None or details.number(COLOUR_SPACE) != UNCALIBRATED:
        return False
    index = directory(main.data, pointer, main.layout).content(INTEROPERABILITY_INDEX, 4)
    return index is not None and index.startswith(ADOBE_RGB)
