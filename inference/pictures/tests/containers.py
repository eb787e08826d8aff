"""AVIF and HEIC put together box by box around coded pictures that an encoder has made once."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from pathlib import Path

from dandelion_pictures.formats.heif import boxes
from PIL import Image

FILES = Path(__file__).parent / "files"
# What the pictures in FILES show, from the upper left to the lower right.
QUARTERS = ((200, 40, 40), (40, 160, 60), (50, 60, 190), (230, 220, 90))
SIZE = (128, 64)
SRGB, DISPLAY_P3 = (1, 13), (12, 13)


@dataclass(frozen=True)
class Picture:
    """A coded picture: its kind, how it is set up, its bytes."""

    kind: bytes
    setup: bytes
    data: bytes


@dataclass
class Part:
    """An item of a container."""

    kind: bytes
    data: bytes
    properties: list[bytes] = field(default_factory=list)
    references: dict[bytes, list[int]] = field(default_factory=dict)


def heic(name: str = "quarters.heic") -> Picture:
    container = boxes.read((FILES / name).read_bytes())
    item = container.items[container.primary]
    return Picture(b"hvc1", box(b"hvcC", item.first(b"hvcC") or b""), container.content(item))


def avif(image: Image.Image | None = None, subsampling: str = "4:4:4") -> Picture:
    out = io.BytesIO()
    (image or quarters()).save(out, "AVIF", quality=95, subsampling=subsampling)
    container = boxes.read(out.getvalue())
    item = container.items[container.primary]
    return Picture(b"av01", box(b"av1C", item.first(b"av1C") or b""), container.content(item))


def quarters() -> Image.Image:
    image = Image.new("RGB", SIZE)
    width, height = SIZE[0] // 2, SIZE[1] // 2
    for number, colour in enumerate(QUARTERS):
        image.paste(colour, ((number % 2) * width, (number // 2) * height, *_end(number)))
    return image


def _end(number: int) -> tuple[int, int]:
    return (number % 2 + 1) * SIZE[0] // 2, (number // 2 + 1) * SIZE[1] // 2


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def full(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + content)


def extent(width: int, height: int) -> bytes:
    return full(b"ispe", struct.pack(">II", width, height))


def turned(quarter_turns: int) -> bytes:
    """Anticlockwise."""
    return box(b"irot", bytes([quarter_turns]))


def mirrored(axis: int) -> bytes:
    """0 exchanges above and below, 1 left and right."""
    return box(b"imir", bytes([axis]))


def numbered_colours(primaries: int, transfer: int, matrix: int = 6) -> bytes:
    return box(b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, matrix, 0x80))


def profiled(profile: bytes) -> bytes:
    return box(b"colr", b"prof" + profile)


def still(
    picture: Picture,
    *properties: bytes,
    size: tuple[int, int] = SIZE,
    exif: bytes = b"",
    brand: bytes = b"",
) -> bytes:
    """One picture in a container of its own."""
    parts = [Part(picture.kind, picture.data, [picture.setup, extent(*size), *properties])]
    if exif:
        content = struct.pack(">I", 0) + exif
        parts.append(Part(b"Exif", content, references={b"cdsc": [1]}))
    return container(parts, brand or brand_of(picture))


def tiled(
    picture: Picture,
    across: int,
    down: int,
    *properties: bytes,
    size: tuple[int, int] | None = None,
) -> bytes:
    """A grid of one picture again and again, as phones make them of many."""
    width, height = size or (SIZE[0] * across, SIZE[1] * down)
    layout = struct.pack(">BBBBII", 0, 1, down - 1, across - 1, width, height)
    tiles = [
        Part(picture.kind, picture.data, [picture.setup, extent(*SIZE)])
        for _ in range(across * down)
    ]
    grid = Part(b"grid", layout, [extent(width, height), *properties])
    grid.references[b"dimg"] = list(range(2, len(tiles) + 2))
    return container([grid, *tiles], brand_of(picture))


def brand_of(picture: Picture) -> bytes:
    return b"avif" if picture.kind == b"av01" else b"heic"


def container(parts: list[Part], brand: bytes) -> bytes:
    """The first part is the picture; parts are numbered from 1."""
    first = box(b"ftyp", brand + bytes(4) + brand + b"mif1miaf")
    length = len(first) + len(_meta(parts, 0)) + 8
    return first + _meta(parts, length) + box(b"mdat", b"".join(part.data for part in parts))


def _meta(parts: list[Part], start: int) -> bytes:
    kinds = b"".join(
        full(b"infe", struct.pack(">HH", number, 0) + part.kind + b"\0", version=2)
        for number, part in enumerate(parts, 1)
    )
    places, at = b"", start
    for number, part in enumerate(parts, 1):
        places += struct.pack(">HHHII", number, 0, 1, at, len(part.data))
        at += len(part.data)
    references = b"".join(
        box(kind, struct.pack(f">HH{len(named)}H", number, len(named), *named))
        for number, part in enumerate(parts, 1)
        for kind, named in part.references.items()
    )
    properties = list(dict.fromkeys(each for part in parts for each in part.properties))
    associations = b""
    for number, part in enumerate(parts, 1):
        associations += struct.pack(">HB", number, len(part.properties))
        for each in part.properties:
            essential = 0x8000 if each[4:8] in (b"irot", b"imir", b"clap") else 0
            associations += struct.pack(">H", properties.index(each) + 1 | essential)
    handler = full(b"hdlr", bytes(4) + b"pict" + bytes(13))
    content = handler + full(b"pitm", struct.pack(">H", 1))
    content += full(b"iinf", struct.pack(">H", len(parts)) + kinds)
    content += full(b"iloc", struct.pack(">HH", 0x4400, len(parts)) + places)
    if references:
        content += full(b"iref", references)
    listed = full(b"ipma", struct.pack(">I", len(parts)) + associations, flags=1)
    content += box(b"iprp", box(b"ipco", b"".join(properties)) + listed)
    return full(b"meta", content)
