"""Boxes of the ISO base media format, as far as a still picture needs them (ISO/IEC 23008-12).

AVIF and HEIC are items in such a file. What they are made of decides what decoding takes, so it is
read before a decoder is. Whatever does not fit raises ValueError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_BOXES = 10_000
# Of all items together: numbers of no bytes name pieces and properties again and again.
MAX_ITEMS = 10_000
MAX_PIECES = 10_000
MAX_PROPERTIES = 100_000
# Boxes that there is one of (ISO/IEC 14496-12, 8.11): which of two counts depends on who reads.
ONCE = frozenset({b"pitm", b"iinf", b"iloc", b"iref", b"idat", b"iprp"})


@dataclass
class Cursor:
    """Reads numbers, most significant byte first, and no further than its end."""

    data: bytes
    at: int
    end: int

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def take(self, length: int) -> bytes:
        if length < 0 or self.at + length > self.end:
            raise ValueError("a box ends too early")
        self.at += length
        return self.data[self.at - length : self.at]

    @property
    def left(self) -> int:
        return self.end - self.at


@dataclass
class Property:
    kind: bytes
    content: bytes


@dataclass
class Item:
    """One picture, or a piece of one, or what is said about one."""

    kind: bytes = b""
    kind_at: int = 0
    """Where the file says what kind it is."""
    pieces: list[tuple[int, int, int]] = field(default_factory=list)
    """Construction method, offset, length (0: up to the end)."""
    properties: list[Property] = field(default_factory=list)
    references: dict[bytes, list[int]] = field(default_factory=dict)

    def first(self, kind: bytes) -> bytes | None:
        return next((each.content for each in self.properties if each.kind == kind), None)


@dataclass
class Container:
    data: bytes
    primary: int
    items: dict[int, Item]
    own_data: tuple[int, int] = (0, 0)
    """Where the bytes lie that items keep among the boxes themselves."""
    named_pieces: int = 0
    named_properties: int = 0

    def item(self, number: int) -> Item:
        """One that is told about; raises ValueError where they are too many."""
        if len(self.items) >= MAX_ITEMS and number not in self.items:
            raise ValueError(f"there are more than {MAX_ITEMS} items")
        return self.items.setdefault(number, Item())

    def content(self, item: Item) -> bytes:
        """The bytes of an item; raises ValueError."""
        parts, total = [], 0
        for method, offset, length in item.pieces:
            if method > 1:
                raise ValueError("an item is made of another item")
            start, end = (0, len(self.data)) if method == 0 else self.own_data
            place = start + offset
            stop = end if length == 0 else place + length
            if place > end or stop > end:
                raise ValueError("an item is truncated")
            total += stop - place
            if total > len(self.data):
                raise ValueError("an item repeats its bytes")
            parts.append(self.data[place:stop])
        return b"".join(parts)


def read(data: bytes) -> Container:
    """Raises ValueError."""
    left = [MAX_BOXES]
    found = None
    boxes = _boxes(Cursor(data, 0, len(data)), left)
    while True:
        try:
            kind, box = next(boxes)
        except StopIteration:
            break
        except ValueError:
            if found is None:
                raise
            break  # phones append what is no box
        if kind == b"meta":
            # Of two, one decoder would take the first and another the last.
            if found is not None:
                raise ValueError("the file describes its pictures twice")
            found = box
    if found is None:
        raise ValueError("there is no still picture in the file")
    container = Container(data, 0, {})
    found.take(4)
    _read_meta(container, found, left)
    return container


def _boxes(cursor: Cursor, left: list[int]) -> Iterator[tuple[bytes, Cursor]]:
    while cursor.left >= 8:
        left[0] -= 1
        if left[0] < 0:
            raise ValueError(f"there are more than {MAX_BOXES} boxes")
        start = cursor.at
        size, kind = cursor.number(4), cursor.take(4)
        if size == 1:
            size = cursor.number(8)
        end = cursor.end if size == 0 else start + size
        if end < cursor.at or end > cursor.end:
            raise ValueError("a box is truncated")
        yield kind, Cursor(cursor.data, cursor.at, end)
        cursor.at = end


def _read_meta(container: Container, meta: Cursor, left: list[int]) -> None:
    properties: list[Property] = []
    seen: set[bytes] = set()
    for kind, box in _boxes(meta, left):
        if kind in seen and kind in ONCE:
            raise ValueError("a box that should be there once is there twice")
        seen.add(kind)
        if kind == b"pitm":
            container.primary = box.number(2 if _version(box)[0] == 0 else 4)
        elif kind == b"iinf":
            box.take(2 if _version(box)[0] == 0 else 4)
            for inner, entry in _boxes(box, left):
                if inner == b"infe":
                    _read_kind(container, entry)
        elif kind == b"iloc":
            _read_pieces(container, box)
        elif kind == b"iref":
            _read_references(container, box, left)
        elif kind == b"idat":
            container.own_data = box.at, box.end
        elif kind == b"iprp":
            for inner, part in _boxes(box, left):
                if inner == b"ipco":
                    properties += [
                        Property(name, each.take(each.left)) for name, each in _boxes(part, left)
                    ]
                elif inner == b"ipma":
                    _read_associations(container, part, properties)


def _version(box: Cursor) -> tuple[int, int]:
    return box.number(1), box.number(3)


def _read_kind(container: Container, box: Cursor) -> None:
    version, _ = _version(box)
    if version < 2:
        raise ValueError("an item is of no kind")  # ISO/IEC 23008-12, 10.2.1 asks for version 2
    number = box.number(2 if version == 2 else 4)
    box.take(2)
    item = container.item(number)
    if item.kind:
        raise ValueError("two items have one number")
    item.kind_at = box.at
    item.kind = box.take(4)


def _read_pieces(container: Container, box: Cursor) -> None:
    version, _ = _version(box)
    sizes = box.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    for _ in range(box.number(2 if version < 2 else 4)):
        number = box.number(2 if version < 2 else 4)
        method = box.number(2) & 15 if version in (1, 2) else 0
        box.take(2)
        base = box.number(base_size)
        item = container.item(number)
        if item.pieces:
            raise ValueError("an item lies in two places")
        for _ in range(box.number(2)):
            box.take(index_size)
            offset, length = base + box.number(offset_size), box.number(length_size)
            item.pieces.append((method, offset, length))
            container.named_pieces += 1
            if container.named_pieces > MAX_PIECES:
                raise ValueError(f"items have more than {MAX_PIECES} pieces")
        if box.left == 0:
            return


def _read_references(container: Container, box: Cursor, left: list[int]) -> None:
    width = 2 if _version(box)[0] == 0 else 4
    for kind, entry in _boxes(box, left):
        number = entry.number(width)
        item = container.item(number)
        named = [entry.number(width) for _ in range(entry.number(2))]
        item.references.setdefault(kind, []).extend(named)


def _read_associations(container: Container, box: Cursor, properties: list[Property]) -> None:
    version, flags = _version(box)
    for _ in range(box.number(4)):
        number = box.number(2 if version < 1 else 4)
        item = container.item(number)
        for _ in range(box.number(1)):
            index = box.number(2) & 0x7FFF if flags & 1 else box.number(1) & 0x7F
            if 1 <= index <= len(properties):
                item.properties.append(properties[index - 1])
                container.named_properties += 1
                if container.named_properties > MAX_PROPERTIES:
                    raise ValueError(f"items have more than {MAX_PROPERTIES} properties")
