"""16-bit colours are as bright as they were taken: cameras store 10 to 14 bits unscaled in 16."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import crafted
import numpy as np
import pictures
import pytest
from dandelion_pictures.colour import rgb
from numpy.typing import NDArray
from reading import READER, WHOLE, refusal, shown

SIDE = 64
Deep = NDArray[np.uint16]
PASSES = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
]  # of Adam7: column, row, steps


def ramps(largest: int) -> Deep:
    """Red grows to the right, green downwards, blue is all of `largest` in the lower right."""
    across = np.tile(np.linspace(0, largest, SIDE), (SIDE, 1))
    corner = np.minimum(across, across.T)
    return np.stack([across, across.T, corner], axis=-1).astype(np.uint16)


def scanlines(values: Deep, filtered: int = 0) -> bytes:
    """Rows as PNG packs them: each with no filter, or with the difference to its left neighbour."""
    lines = values.astype(">u2").reshape(len(values), -1).view(np.uint8)
    if filtered:
        before = np.zeros_like(lines)
        before[:, values.shape[2] * 2 :] = lines[:, : -values.shape[2] * 2]
        lines = lines - before
    return b"".join(bytes([filtered]) + line.tobytes() for line in lines)


def png(
    values: Deep, *chunks: tuple[bytes, bytes], filtered: int = 0, adam7: bool = False
) -> bytes:
    colour = {3: 2, 4: 6}[values.shape[2]]
    parts = [values]
    if adam7:
        parts = [values[y::down, x::across] for x, y, across, down in PASSES]
    packed = zlib.compress(b"".join(scanlines(part, filtered) for part in parts))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, colour, 0, 0, int(adam7))
    listed = [(b"IHDR", header), *chunks, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(crafted.chunk(*each) for each in listed)


def tiff(values: Deep, order: str = "<", deflated: bool = False, largest: int = 0) -> bytes:
    channels = values.shape[2]
    pixels = values.astype(f"{order}u2").tobytes()
    content = zlib.compress(pixels) if deflated else pixels
    bits_at = 8
    pixels_at = bits_at + 2 * channels
    entries = [
        (256, 3, 1, SIDE), (257, 3, 1, SIDE), (258, 3, channels, bits_at),
        (259, 3, 1, 8 if deflated else 1), (262, 3, 1, 2), (273, 4, 1, pixels_at),
        (277, 3, 1, channels), (278, 3, 1, SIDE), (279, 4, 1, len(content)),
    ]  # fmt: skip
    if largest:
        entries.append((281, 3, 1, largest))
    if channels == 4:
        entries.append((338, 3, 1, 2))
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        short = kind == 3 and count == 1
        stored = struct.pack(
            f"{order}HH" if short else f"{order}I", *((value, 0) if short else (value,))
        )
        directory += struct.pack(f"{order}HHI", tag, kind, count) + stored
    mark = b"II" if order == "<" else b"MM"
    at = pixels_at + len(content)
    return b"".join([
        mark, struct.pack(f"{order}HI", 42, at),
        struct.pack(f"{order}{channels}H", *[16] * channels), content,
        directory, struct.pack(f"{order}I", 0),
    ])  # fmt: skip


FILES: dict[str, Callable[[Deep], bytes]] = {
    "PNG": png,
    "filtered PNG": lambda values: png(values, filtered=1),
    "interlaced PNG": lambda values: png(values, adam7=True),
    "TIFF": tiff,
    "big-endian TIFF": lambda values: tiff(values, ">"),
    "deflated TIFF": lambda values: tiff(values, deflated=True),
    "deflated big-endian TIFF": lambda values: tiff(values, ">", deflated=True),
}


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("case", FILES)
def test_colours_are_as_bright_as_they_were_taken(case: str, bits: int) -> None:
    values = ramps((1 << bits) - 1)
    assert np.array_equal(shown(FILES[case](values)), values >> (bits - 8))


@pytest.mark.parametrize("case", [name for name in FILES if name.endswith(("PNG", "TIFF"))])
def test_full_alpha_stays_full(case: str) -> None:
    values = np.dstack([ramps(0xFFF), np.full((SIDE, SIDE), 0xFFFF, np.uint16)])
    assert np.array_equal(shown(FILES[case](values)), values[..., :3] >> 4)


def test_alpha_of_as_few_bits_goes_with_the_colours() -> None:
    values = np.dstack([ramps(0xFFF), np.full((SIDE, SIDE), 0xFFF, np.uint16)])
    values[:, :32, 3] = 0
    found = shown(png(values))
    assert np.array_equal(found[:, 32:], values[:, 32:, :3] >> 4)
    assert (found[:, :32] == 255).all()


def test_a_transparent_colour_stays_transparent() -> None:
    values = np.full((SIDE, SIDE, 3), 0xFFF, np.uint16)
    values[:, :32] = (0x800, 0x400, 0)
    clear = struct.pack(">HHH", 0x800, 0x400, 0)
    found = shown(png(values, (b"tRNS", clear)))
    assert (found == 255).all()
    assert (shown(png(values))[:, :32] == (128, 64, 0)).all()


SAID = {
    "16 bits, so dark on purpose": (lambda v: png(v, (b"sBIT", b"\x10\x10\x10")), 8),
    "12 bits": (lambda v: png(v, (b"sBIT", b"\x0c\x0c\x0c")), 4),
    "a largest value of 12 bits": (lambda v: tiff(v, largest=0xFFF), 4),
    "a largest value of 16 bits": (lambda v: tiff(v, largest=0xFFFF), 8),
    "nothing": (png, 2),
}


@pytest.mark.parametrize("case", SAID)
def test_what_the_file_says_of_its_bits_is_believed(case: str) -> None:
    write, shift = SAID[case]
    values = ramps(0x3FF)
    assert np.array_equal(shown(write(values)), values >> shift)


def test_the_second_pass_is_counted() -> None:
    for write, file_format in ((png, "PNG"), (tiff, "TIFF")):
        shallow = READER.open(pictures.plain((1, 2, 3), file_format, (SIDE, SIDE)), WHOLE).cost
        deep = READER.open(write(ramps(0xFFF)), WHOLE).cost
        assert deep.work > 2 * shallow.work
        assert deep.memory > shallow.memory + 4 * SIDE * SIDE


def test_strips_of_deep_colour_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).integers(0, 1 << 12, (SIDE, SIDE, 3), dtype=np.uint16)
    whole = shown(png(values))
    monkeypatch.setattr(rgb, "STRIP_PIXELS", 7 * SIDE)
    assert np.array_equal(shown(png(values)), whole)


def test_a_file_that_ends_too_early_is_the_files_fault() -> None:
    whole = tiff(ramps(0xFFF), deflated=True)
    data = bytearray(whole)
    data[200:400] = bytes(200)
    assert refusal(bytes(data)).words
