"""AVIF and HEIC: pictures that are frames of a video, as items of one container.

Their own boxes turn them upright and say what their colours are; EXIF beside them repeats it, or
was forgotten when the picture was turned, and is not asked. AVIF is decoded by Pillow, HEIC by
pi-heif, which is loaded for the first HEIC that comes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import Any

from PIL import AvifImagePlugin, Image

from dandelion_pictures.colour.primaries import profile_of
from dandelion_pictures.cost import MAX_PROFILE_BYTES, Cost
from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.formats import tags
from dandelion_pictures.formats.heif import boxes, coded
from dandelion_pictures.formats.heif.boxes import Container, Cursor, Item
from dandelion_pictures.formats.source import Source
from dandelion_pictures.preprocessing import Size
from dandelion_pictures.signatures import LONGEST_BRANDS

AV1, GRID = b"av01", b"grid"
HEVC = frozenset({b"hvc1", b"hev1"})
PICTURES = HEVC | {AV1, GRID}
ALPHA = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
    b"urn:mpeg:avc:2015:auxid:1",
)
MAX_TILES = 1024
MAX_KEPT_FRAMES = 17  # H.265, A.4.2, and the one being decoded; AV1 has eight

# Of a pixel, besides the planes of the video: as the library makes it, and as Pillow holds it.
PILLOW_BYTES = 4
TILE_BYTES = 10_000  # what is held for each, however small it is
WORK = 30
BYTE_WORK = 60  # arithmetic coding

# Whoever reads pictures has a thread for each already.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def look(data: bytes) -> Source:
    """Raises Unreadable, and ValueError where boxes or streams do not fit."""
    container = boxes.read(data)
    primary = container.items.get(container.primary, Item())
    tiles = list(_tiles(container, primary))
    kind = tiles[0].kind
    if kind == AV1:
        return _avif(container, primary, tiles)
    if kind in HEVC:
        return _heic(container, primary, tiles)
    if not kind:
        raise Unreadable(Kind.BROKEN, "The file does not hold the image that it names.")
    name = kind.decode("ascii", "replace")
    raise Unreadable(
        Kind.UNSUPPORTED, f"This is a HEIF image of the kind {name}; save it as AVIF or HEIC."
    )


def _tiles(container: Container, item: Item) -> Iterator[Item]:
    """The coded pictures that an item is put together from."""
    if item.kind != GRID:
        yield item
        return
    numbers = item.references.get(b"dimg", [])
    if not 1 <= len(numbers) <= MAX_TILES:
        raise Unreadable(Kind.BROKEN, f"The image is put together from {len(numbers)} tiles.")
    for number in numbers:
        yield container.items.get(number, Item())


def _not_here(name: str) -> Unreadable:
    return Unreadable(
        Kind.UNSUPPORTED, f"This is a {name} image, which is not decoded here; save it as JPEG."
    )


def _avif(container: Container, primary: Item, tiles: list[Item]) -> Source:
    if not AvifImagePlugin.SUPPORTED:
        raise _not_here("AVIF")
    image = AvifImagePlugin.AvifImageFile(io.BytesIO(_still(container, b"avif")))
    cost, held = _cost(container, tiles, image.size, image.mode)
    return Source(
        format="AVIF",
        size=image.size,
        mode=image.mode,
        held=held,
        cost=lambda _: cost,
        decode=partial(_decode_avif, image),
        # There is no EXIF left in the file: the library tells here what the boxes say.
        orientation=tags.orientation(tags.exif_directory(image.info.get("exif", b""))),
        profile=_profile(primary, tiles),
    )


def _heic(container: Container, primary: Item, tiles: list[Item]) -> Source:
    try:
        import pi_heif
    except ImportError as error:
        raise _not_here("HEIC") from error
    pi_heif.options.THUMBNAILS = False
    pi_heif.options.DEPTH_IMAGES = False
    pi_heif.options.AUX_IMAGES = False
    pi_heif.options.DECODE_THREADS = 1
    # Turned and cut by its boxes while it is decoded.
    image = pi_heif.HeifFile(_still(container, b"heic"), convert_hdr_to_8bit=True)
    cost, held = _cost(container, tiles, image.size, image.mode)
    return Source(
        format="HEIC",
        size=image.size,
        mode=image.mode,
        held=held,
        cost=lambda _: cost,
        decode=partial(_decode_heic, image),
        profile=_profile(primary, tiles),
    )


def _cost(container: Container, tiles: list[Item], size: Size, mode: str) -> tuple[Cost, int]:
    """What decoding takes, and what of it stays held beside the picture."""
    planes = work = frames = largest = 0
    streams = []
    decoded, grids = _decoded(container, tiles)
    for item in decoded:
        content = container.content(item)
        if item.kind == AV1:
            found = coded.av1(content)
        elif item.kind in HEVC:
            found = coded.hevc(item.first(b"hvcC") or b"", content)
        else:
            raise ValueError("a picture is put together from what is none")
        if found.frames == 0 or found.pixels == 0:
            raise Unreadable(
                Kind.TRUNCATED, "The image is truncated: there are no pixels. Send the whole file."
            )
        streams.append(found)
        planes += found.planes
        # Frames are kept for others that are told by what is different in them.
        largest = max(largest, found.planes * min(found.frames, MAX_KEPT_FRAMES))
        frames += found.frames
        work += found.pixels * found.frames * WORK + len(content) * BYTE_WORK
    # A grid says itself how large what it is put together on is.
    canvases = [_canvas(container, each) for each in grids]
    planes = max(planes, sum(canvases) * max(found.planes // found.pixels + 1 for found in streams))
    pixels = size[0] * size[1]
    interleaved = pixels * len(mode)
    # One library keeps what every tile was decoded to, the other the last.
    kept = max(largest, planes) if decoded[0].kind == AV1 else largest
    held = 2 * len(container.data) + planes + kept + len(decoded) * TILE_BYTES
    # Samples of more than eight bits become colours first, and fewer bits then.
    deep = any(found.deep for found in streams)
    memory = held + interleaved + max(pixels * PILLOW_BYTES, 2 * interleaved * deep)
    passes = f"{frames} frames" if frames > len(decoded) else ""
    return Cost(memory, work, passes), held + interleaved


def _canvas(container: Container, grid: Item) -> int:
    """Its pixels (ISO/IEC 23008-12, 6.6.2.3)."""
    layout = Cursor(container.content(grid), 0, 12)
    _, flags, _, _ = layout.take(4)
    width = 4 if flags & 1 else 2
    return layout.number(width) * layout.number(width)


def _decoded(container: Container, tiles: list[Item]) -> tuple[list[Item], list[Item]]:
    """All that is decoded for a picture of these tiles: they, and what makes any transparent; and
    the grids that they are put together in."""
    found = list(tiles)
    wholes = [container.items.get(container.primary, Item())]
    named = {container.primary, *_tile_numbers(container, container.primary)}
    left = dict(container.items)
    while True:
        alphas = [
            number
            for number, item in left.items()
            if (item.first(b"auxC") or b"")[4:].startswith(ALPHA)
            and not named.isdisjoint(item.references.get(b"auxl", []))
        ]
        if not alphas:
            return found, [item for item in wholes if item.kind == GRID]
        for number in alphas:
            item = left.pop(number)
            wholes.append(item)
            found += _tiles(container, item)
            named |= {number, *_tile_numbers(container, number)}


def _tile_numbers(container: Container, number: int) -> list[int]:
    return container.items.get(number, Item()).references.get(b"dimg", [])


def _profile(primary: Item, tiles: list[Item]) -> bytes | None:
    """An ICC profile before numbers; those of the tiles where the whole names none."""
    for item in (primary, tiles[0]):
        told = [each.content for each in item.properties if each.kind == b"colr"]
        for content in told:
            if content[:4] in (b"prof", b"rICC") and len(content) <= MAX_PROFILE_BYTES:
                return content[4:]
        for content in told:
            if content[:4] == b"nclx" and len(content) >= 8:
                primaries, transfer = (int.from_bytes(content[at : at + 2], "big") for at in (4, 6))
                return profile_of(primaries, transfer)
    return None


def _still(container: Container, brand: bytes) -> bytes:
    """The file as one still picture and no metadata: no first frame of its animation is decoded
    behind the back of what was counted, and no broken EXIF keeps it from being shown. What kind of
    metadata it is goes into strings, of which pi-heif 1.4.0 crashes at one that is not UTF-8."""
    changed = bytearray(container.data)
    end = min(int.from_bytes(changed[:4], "big"), LONGEST_BRANDS)
    for at in (8, *range(16, end - 3, 4)):
        changed[at : at + 4] = brand
    for item in container.items.values():
        if item.kind and item.kind not in PICTURES:
            changed[item.kind_at : item.kind_at + 4] = b"none"
    return bytes(changed)


def _decode_avif(image: AvifImagePlugin.AvifImageFile, _scale: int) -> Image.Image:
    image.load()
    return image


def _decode_heic(image: Any, _scale: int) -> Image.Image:
    decoded: Image.Image = image.to_pillow()
    return decoded
