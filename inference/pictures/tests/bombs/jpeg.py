"""JPEGs whose scans a careless reader overlooks."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import crafted
import pictures

DNL = b"\xff\xdc"  # a segment that a decoder steps over, whatever it holds


def scans_in_a_segment_without_length(scans: int) -> bytes:
    """Of a segment whose length is 0, a careless reader reads two bytes, a decoder four: it takes
    the next segment's marker for this one's length, and finds scans where the reader saw none."""
    whole = crafted.many_scans(6000, 6000, 1)
    at = whole.index(b"\xff\xda")
    scan = whole[at:-2]
    # What the decoder steps over: from the length that it reads to the first of the scans.
    skipped = 0xFFDC - 2
    inside = bytes(65_000)
    filler = DNL + struct.pack(">H", len(inside) + 2) + inside
    second = (scan * scans)[:65_000]
    hidden = bytes(skipped - len(filler) - 2) + second
    behind = DNL + struct.pack(">H", len(hidden) + 2) + hidden
    return whole[:at] + DNL + b"\0\0" + filler + behind + whole[at:]


def scans_behind(scans: int, between: bytes) -> bytes:
    """Many scans, with bytes that mean nothing before each of them."""
    whole = crafted.many_scans(6000, 6000, scans)
    at = whole.index(b"\xff\xda")
    return whole[:at] + whole[at:].replace(b"\xff\xda", between + b"\xff\xda")


def two_views(first: bytes, second: bytes) -> bytes:
    """A file of several views (MPO): the index names both, the first is small and good."""
    index = b"MPF\0MM\0*\0\0\0\x08\0\3"
    index += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, 2)
    index += struct.pack(">HHII", 0xB002, 7, 32, 50) + bytes(4)
    index += struct.pack(">IIIHH", 0x030000, len(first), 0, 0, 0)
    index += struct.pack(">IIIHH", 0, len(second), len(first), 0, 0)
    return first[:2] + struct.pack(">HH", 0xFFE2, len(index) + 2) + index + first[2:] + second


def second_frame(first: bytes, second: bytes) -> bytes:
    """Another picture's frame and scans within the first picture's."""
    return first[:-2] + second[second.index(b"\xff\xdb") :]


def jpegs() -> Iterator[tuple[str, str, bytes]]:
    photo, many = pictures.plain(file_format="JPEG"), crafted.many_scans(6000, 6000, 3000)
    yield "harmless", "jpeg with a second view of many scans", two_views(photo, many)
    yield "harmless", "jpeg with many scans of another behind it", photo + many
    exif = b"Exif\0\0" + crafted.rotated_by(1) + many[:60_000]
    yield "harmless", "jpeg with a thumbnail of many scans", crafted.with_segment(0xE1, exif)
    for name, between in {
        "fill bytes": b"\xff" * 9,
        "restart markers": b"\xff\xd3",
        "a second beginning": b"\xff\xd8",
        "noise": b"\x12\x34\xff\x00\xff\x01",
    }.items():
        yield "costly", f"jpeg of many scans behind {name}", scans_behind(3000, between)
    yield "costly", "jpeg of arithmetic scans", many.replace(b"\xff\xc2", b"\xff\xca")
    yield "counted", "jpeg of scans in no segment", scans_in_a_segment_without_length(4000)
    yield "broken", "jpeg with another frame inside", second_frame(photo, many)
