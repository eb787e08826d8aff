"""Colour profiles that say what to do in more steps than anybody waits for."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import crafted
import pictures
from dandelion_pictures.colour.primaries import profile_of


def _elements(steps: int) -> bytes:
    """A program of so many steps, which all lie in the same two places (ICC.1:2022, 10.16)."""
    numbers = (1, 0.01, 0, 0, 1, 0.01, 0.01, 0, 1, 0, 0, 0)
    matrix = b"matf" + bytes(4) + struct.pack(">HH12f", 3, 3, *numbers)
    curve = b"curf" + bytes(4) + struct.pack(">HH", 1, 0)
    curve += b"parf" + bytes(4) + struct.pack(">HH4f", 0, 0, 1.1, 1, 0, 0)
    curves = b"cvst" + bytes(4) + struct.pack(">HH", 3, 3)
    curves += struct.pack(">II", 36, len(curve)) * 3 + curve
    place = 16 + 8 * steps
    places = ((place, len(matrix)), (place + len(matrix), len(curves)))
    listed = b"".join(struct.pack(">II", *places[step % 2]) for step in range(steps))
    return b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, steps) + listed + matrix + curves


def profile(steps: int) -> bytes:
    """Display P3, and how to come from it to what is seen in so many steps."""
    base = profile_of(12, 13) or b""
    tags = [TAG.unpack_from(base, 132 + TAG.size * at) for at in range(base[131])]
    parts = {name: base[start : start + length] for name, start, length in tags}
    parts[b"D2B0"] = _elements(steps)
    place = 132 + TAG.size * len(parts)
    table, body = struct.pack(">I", len(parts)), b""
    for name, part in parts.items():
        table += TAG.pack(name, place + len(body), len(part))
        body += part + bytes(-len(part) % 4)
    return struct.pack(">I", place + len(body)) + base[4:128] + table + body


TAG = struct.Struct(">4sII")


def profiled() -> Iterator[tuple[str, str, bytes]]:
    data = pictures.plain(file_format="JPEG", icc_profile=profile(6000))
    yield "harmless", "jpeg with a profile of 6,000 steps", data
    packed = crafted.zipped(profile(400_000))
    whole = crafted.with_chunk(b"iCCP", b"a\0\0" + packed)
    yield "harmless", "png with a profile of 400,000 steps", whole
