"""TIFF: the decoder is given a directory of the tags that say what the pixels are.

The others (metadata, further pictures) stay unread, and orientation and profile are read here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from dandelion_pictures.colour.primaries import ADOBE_RGB
from dandelion_pictures.cost import MAX_PROFILE_BYTES, SCAN_WORK, Cost, picture_bytes
from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.formats import tags
from dandelion_pictures.formats.deep_colour import both_passes, is_deep, lower_bytes
from dandelion_pictures.formats.source import Source
from dandelion_pictures.formats.tags import Directory

WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, LARGEST_VALUE = 273, 277, 278, 279, 281
PLANES, TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_BYTES = 284, 322, 323, 324, 325
PROFILE = 34675
LISTS = frozenset({STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES})
# Besides those: order of bits, predictors, fax options, palette, inks, extra samples, kind of
# number, JPEG tables, YCbCr.
NEEDED = LISTS | frozenset({
    WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH,
    SAMPLES, PLANES, 266, 292, 293, 317, 320, 332, 334, 338, 339, 347,
    *range(512, 522), *range(529, 533),
})  # fmt: skip
MAX_TAG_BYTES = 400_000  # a palette of 16 bits; the lists are bounded by how many pieces there are
MAX_PIECES = 200_000
PIECE_BYTES = 600  # of each strip or tile, in the lists of who reads them
WHITE_IS_ZERO, SEPARATE = 0, 2
RAW, OLD_JPEG, JPEG = 1, 6, 7
SCAN, PROGRESSIVE = b"\xff\xda", b"\xff\xc2"
COEFFICIENT_BYTES = 100_000_000  # the most that libtiff lets a JPEG within hold
HANDED_OVER_BYTES = 4  # of a pixel, where colours are converted on the way
WORK = 8
BYTE_WORK = 8
LZMA, SLOWER = 34925, 10


def look(data: bytes) -> Source:
    """Raises Unreadable."""
    found = tags.first_directory(data)
    if found is None or not found.entries:
        raise Unreadable(Kind.TRUNCATED, "The TIFF ends before its directory. Send the whole file.")
    pieces = _pieces(found)
    stream = _pixels_only(data, found)
    image = TiffImageFile(io.BytesIO(stream))
    deep = is_deep(image)
    cost = _cost(data, found, pieces, image)
    if deep:
        cost = both_passes(cost)
    profile = found.content(PROFILE, MAX_PROFILE_BYTES)
    if profile is None and tags.is_adobe_rgb(found):
        profile = ADOBE_RGB
    return Source(
        format="TIFF",
        size=image.size,
        mode=image.mode,
        held=len(stream) + len(pieces.offsets) * PIECE_BYTES,
        cost=lambda _: cost,
        decode=partial(_decode, image),
        orientation=tags.orientation(found),
        profile=profile,
        significant_bits=_significant_bits(found),
        white_is_zero=found.number(PHOTOMETRIC) == WHITE_IS_ZERO,
        lower_bytes=(lambda: lower_bytes(TiffImageFile(io.BytesIO(stream)))) if deep else None,
    )


@dataclass(frozen=True)
class Pieces:
    """The strips or tiles of a picture, as its directory lists them."""

    offsets: NDArray[np.uint64]
    lengths: NDArray[np.uint64]
    """As many as there are offsets, or fewer."""

    def places(self, end: int) -> Iterator[tuple[int, int]]:
        """Where each lies, within a file of `end` bytes; one whose length is missing may go on to
        its end."""
        for number, offset in enumerate(self.offsets):
            start = min(int(offset), end)
            length = int(self.lengths[number]) if number < len(self.lengths) else end
            yield start, min(start + length, end)


def _pieces(found: Directory) -> Pieces:
    for tag in LISTS:
        entry = found.entries.get(tag)
        if entry is not None and entry.count > MAX_PIECES:
            raise Unreadable(
                Kind.TOO_LARGE,
                f"The TIFF comes in {entry.count} strips or tiles; at most {MAX_PIECES} are "
                f"accepted. Save it anew.",
            )
    # A file should have one kind; which of two is read depends on who reads.
    kinds = [
        (found.numbers(offsets), found.numbers(lengths))
        for offsets, lengths in ((STRIP_OFFSETS, STRIP_BYTES), (TILE_OFFSETS, TILE_BYTES))
    ]
    return Pieces(
        np.concatenate([offsets for offsets, _ in kinds]),
        np.concatenate([lengths[: len(offsets)] for offsets, lengths in kinds]),
    )


def _pixels_only(data: bytes, found: Directory) -> bytes:
    """The file with another directory behind it, which its header names as the first and last."""
    layout = found.layout
    entries = [entry.stored for tag, entry in sorted(found.entries.items()) if _is_kept(tag, entry)]
    place = len(data) + len(data) % 2
    header = data[: layout.first] + layout.offset.pack(place)
    return b"".join([
        header,
        memoryview(data)[len(header) :],
        bytes(place - len(data)),
        layout.count.pack(len(entries)),
        *entries,
        layout.offset.pack(0),
    ])  # fmt: skip


def _is_kept(tag: int, entry: tags.Entry) -> bool:
    if tag in LISTS:
        return entry.kind in tags.CODES
    return tag in NEEDED and entry.count * tags.WIDTHS.get(entry.kind, 8) <= MAX_TAG_BYTES


def _cost(data: bytes, found: Directory, pieces: Pieces, image: TiffImageFile) -> Cost:
    """What the decoder goes over and holds: whole tiles, each time that one is named, the bytes of
    each, and each scan of a JPEG inside."""
    width, height = image.size
    across, down = found.number(TILE_WIDTH), found.number(TILE_LENGTH)
    piece = count = 0
    if across and down:
        piece = across * down
        count = ceil(width / across) * ceil(height / down)
    if STRIP_OFFSETS in found.entries or not piece:
        rows = max(1, min(height, found.number(ROWS_PER_STRIP) or height))
        piece, count = max(piece, width * rows), max(count, ceil(height / rows))
    planes = found.number(SAMPLES) or 1
    separate = planes if found.number(PLANES) == SEPARATE else 1
    # Who reads what is not packed reads as many as are listed; who unpacks, as many as there are.
    listed = len(pieces.offsets)
    compression = found.number(COMPRESSION) or RAW
    read = listed if compression == RAW else min(listed, count * separate)
    gone_over = sum(end - start for start, end in pieces.places(len(data))) if listed else 0
    slower = SLOWER if compression == LZMA else 1
    work = piece * read * WORK * slower + gone_over * BYTE_WORK
    passes = ""
    coefficients = 0
    if compression in (OLD_JPEG, JPEG):
        scans = _scans(data, pieces, compression, max(1, read))
        passes = f"{scans} scans" if scans > read else ""
        work += scans * piece * SCAN_WORK
        coefficients = COEFFICIENT_BYTES if PROGRESSIVE in data else 0
    sample_bits = (found.number(BITS) or 1) * planes
    # Besides the picture, a strip or tile as it is stored, and as it is handed over.
    memory = width * height * picture_bytes(image.mode)
    if compression != RAW:
        memory += piece * (ceil(sample_bits / 8) + HANDED_OVER_BYTES)
    memory += len(data) + listed * PIECE_BYTES + coefficients
    return Cost(memory, work, passes or (f"{read} strips or tiles" if read > count else ""))


def _scans(data: bytes, pieces: Pieces, compression: int, most: int) -> int:
    """Scans in all strips or tiles; the old kind of JPEG is one stream that lies anywhere."""
    if compression == OLD_JPEG:
        return data.count(SCAN)
    counted: dict[tuple[int, int], int] = {}
    total = looked_at = 0
    for place in islice(pieces.places(len(data)), most):
        if place not in counted:
            looked_at += place[1] - place[0]
            if looked_at > 4 * len(data):  # they overlap: nobody means well
                return most * data.count(SCAN)
            counted[place] = data.count(SCAN, *place)
        total += counted[place]
    return total


def _significant_bits(found: Directory) -> int | None:
    """The largest value that the file says it holds, or samples of fewer bits than 16."""
    largest = found.number(LARGEST_VALUE)
    if largest:
        return largest.bit_length()
    bits = found.number(BITS)
    return bits if bits and bits < 16 else None


def _decode(image: TiffImageFile, _scale: int) -> Image.Image:
    image.load()
    return image
