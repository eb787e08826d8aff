"""PNG: the decoder is given what says what the pixels are, and no text, however far it unpacks.

Chunks that are not needed are stepped over without being unpacked or even summed.
"""

from __future__ import annotations

import io
import struct
import zlib
from functools import partial

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from dandelion_pictures.colour.primaries import profile_of
from dandelion_pictures.cost import MAX_PROFILE_BYTES, Cost, picture_bytes
from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.formats import tags
from dandelion_pictures.formats.deep_colour import both_passes, is_deep, lower_bytes
from dandelion_pictures.formats.source import Source

HEADER = 8
NEEDED = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
READ = frozenset({b"iCCP", b"cICP", b"sRGB", b"eXIf", b"sBIT"})
MAX_CHUNKS = 200_000
WORK = 10
BYTE_WORK = 12  # what zlib has packed
BYTES_A_ROW = 32  # per pixel of its width
BYTES_A_CHUNK = 300  # while the chunks are put together


def look(data: bytes) -> Source:
    """Raises Unreadable."""
    kept, told = _chunks(data)
    stream = b"".join(kept)
    chunks = len(kept)
    kept.clear()
    image = PngImageFile(io.BytesIO(stream))
    size, deep = image.size, is_deep(image)
    pixels = size[0] * size[1]
    memory = len(stream) + max(
        pixels * picture_bytes(image.mode) + size[0] * BYTES_A_ROW, chunks * BYTES_A_CHUNK
    )
    cost = Cost(memory, pixels * WORK + len(stream) * BYTE_WORK)
    if deep:
        cost = both_passes(cost)
    if image.mode == "RGB" and isinstance(image.info.get("transparency"), tuple):
        _scale_transparency(image, told)
    return Source(
        format="PNG",
        size=size,
        mode=image.mode,
        transparent="transparency" in image.info,
        held=len(stream),
        cost=lambda _: cost,
        decode=partial(_decode, image),
        orientation=tags.orientation(tags.exif_directory(told.get(b"eXIf", b""))),
        profile=_profile(told),
        significant_bits=told[b"sBIT"][0] if told.get(b"sBIT") else None,
        lower_bytes=(lambda: lower_bytes(PngImageFile(io.BytesIO(stream)))) if deep else None,
    )


def _chunks(data: bytes) -> tuple[list[bytes | memoryview], dict[bytes, bytes]]:
    kept: list[bytes | memoryview] = [data[:HEADER]]
    whole = memoryview(data)
    told: dict[bytes, bytes] = {}
    at, count = HEADER, 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind == b"tRNS" and not _intact(data[at + 4 : end]):
            kind = b"tRNS damaged"
        if kind in NEEDED:
            kept.append(whole[at:end])
        if kind in READ or kind == b"IHDR":
            told.setdefault(kind, data[at + 8 : end - 4])
        if kind == b"IEND":
            break
        at, count = end, count + 1
        if count > MAX_CHUNKS:
            raise Unreadable(
                Kind.BROKEN, f"The PNG has more than {MAX_CHUNKS} chunks. Save it anew."
            )
    return kept, told


def _intact(chunk: bytes) -> bool:
    """Whether a chunk's checksum, its last four bytes, fits. A viewer ignores it otherwise."""
    return len(chunk) >= 8 and zlib.crc32(chunk[:-4]) == int.from_bytes(chunk[-4:], "big")


def _profile(told: dict[bytes, bytes]) -> bytes | None:
    """The first that is there, in the order that the specification gives (PNG 3, 4.3)."""
    if len(told.get(b"cICP", b"")) >= 2:
        primaries, transfer = told[b"cICP"][:2]
        return profile_of(primaries, transfer)
    if b"iCCP" in told:
        _, _, packed = told[b"iCCP"].partition(b"\0")
        return _unpacked(packed[1:]) if packed[:1] == b"\0" else None
    return None


def _unpacked(packed: bytes) -> bytes | None:
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(packed, MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else profile


def _scale_transparency(image: PngImageFile, told: dict[bytes, bytes]) -> None:
    """Of 16 bits the decoder gives the upper 8; so must the colour that is transparent be."""
    if told[b"IHDR"][8:9] == b"\x10":
        colour = image.info["transparency"]
        image.info["transparency"] = tuple(value >> 8 for value in colour)


def _decode(image: PngImageFile, _scale: int) -> Image.Image:
    image.load()
    return image
