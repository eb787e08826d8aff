"""AVIFs and HEICs whose boxes and streams say different things."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import containers
from containers import Part, Picture, box, extent, full
from streams import av1, hevc


def grid(parts: list[Part], across: int, down: int, size: tuple[int, int]) -> bytes:
    """A grid of the second of the parts, named again and again."""
    layout = struct.pack(">BBBBII", 0, 1, down - 1, across - 1, *size)
    whole = Part(b"grid", layout, [extent(*size)])
    whole.references[b"dimg"] = [2] * (across * down)
    return containers.container([whole, *parts], b"heic")


def described_twice(picture: Picture, other: Picture) -> bytes:
    """Two boxes that describe pictures, of which one decoder takes the first, another the last."""
    first, second = (containers.still(each, size=(128, 64)) for each in (picture, other))
    at = second.index(b"meta") - 4
    length = struct.unpack_from(">I", second, at)[0]
    return first + second[at : at + length]


def two_primaries(picture: Picture) -> bytes:
    """Two boxes that name the picture to be shown."""
    data = containers.still(picture)
    named = full(b"pitm", struct.pack(">H", 1))
    at = data.index(named)
    start = data.index(b"meta") - 4
    length = struct.unpack_from(">I", data, start)[0] + len(named)
    changed = data[:at] + named + data[at:]
    return changed[:start] + struct.pack(">I", length) + changed[start + 4 :]


def clear_tile(alpha: Picture) -> bytes:
    """A grid of one tile, and a picture that says that it makes the tile transparent."""
    opaque = containers.heic()
    kind = full(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
    hidden = Part(alpha.kind, alpha.data, [alpha.setup, extent(128, 64), kind], {b"auxl": [2]})
    tile = Part(opaque.kind, opaque.data, [opaque.setup, extent(128, 64)])
    return grid([tile, hidden], 1, 1, (128, 64))


def told_without_bytes(pieces: int) -> bytes:
    """A box that names so many pieces of each of 1,000 items, in numbers of no bytes."""
    data = containers.still(containers.heic())
    items = b"".join(struct.pack(">HHH", number, 0, pieces) for number in range(2, 1002))
    start = data.index(b"iloc") - 4
    length = struct.unpack_from(">I", data, start)[0]
    empty = full(b"iloc", struct.pack(">HH", 0, 1000) + items)
    changed = data[:start] + empty + data[start + length :]
    at = changed.index(b"meta") - 4
    grown = struct.unpack_from(">I", changed, at)[0] + len(empty) - length
    return changed[:at] + struct.pack(">I", grown) + changed[at + 4 :]


def many_items(items: int) -> bytes:
    """Properties of so many items, none of which there is."""
    data = containers.still(containers.heic())
    named = full(
        b"ipma",
        struct.pack(">I", items)
        + b"".join(struct.pack(">IB", number, 0) for number in range(items)),
        version=1,
    )
    at = data.index(b"iprp") - 4
    added = box(b"iprp", box(b"ipco", b"") + named)
    length = struct.unpack_from(">I", data, at)[0]
    changed = data[:at] + added + data[at + length :]
    start = changed.index(b"meta") - 4
    grown = struct.unpack_from(">I", changed, start)[0] + len(added) - length
    return changed[:start] + struct.pack(">I", grown) + changed[start + 4 :]


def heifs() -> Iterator[tuple[str, str, bytes]]:
    for name, make in {"avif": av1, "heic": hevc}.items():
        hidden = make(4000, 3000, 400)
        yield (
            "costly",
            f"{name} of frames that nobody sees",
            containers.still(hidden, size=(128, 64)),
        )
        large = make(30_000, 30_000)
        yield "costly", f"{name} that is larger than its box", containers.still(large)
    tile = hevc(4000, 3000)
    part = Part(tile.kind, tile.data, [tile.setup, extent(128, 64)])
    yield "broken", "heic of one tile a thousand times", grid([part], 30, 30, (3840, 1920))
    yield "costly", "heic with a transparency of many frames", clear_tile(hevc(4000, 3000, 400))
    yield (
        "broken",
        "heic that is described twice",
        described_twice(containers.heic(), hevc(9000, 9000)),
    )
    yield "broken", "heic with two pictures to be shown", two_primaries(containers.heic())
    yield "broken", "heic of ten million pieces in six kilobytes", told_without_bytes(10_000)
    yield "broken", "heic of a million items", many_items(1_000_000)
    layout = struct.pack(">BBBBII", 0, 1, 0, 0, 30_000, 30_000)
    opaque = containers.heic()
    wide = Part(b"grid", layout, [extent(128, 64)], {b"dimg": [2]})
    tile_part = Part(opaque.kind, opaque.data, [opaque.setup, extent(128, 64)])
    canvas = containers.container([wide, tile_part], b"heic")
    yield "costly", "heic of a small tile on a huge canvas", canvas
    overlay = Part(b"iovl", b"", [tile.setup, extent(128, 64)])
    yield "broken", "heic of a tile that is put together", grid([overlay], 1, 1, (128, 64))
