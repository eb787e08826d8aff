"""WebPs of many frames, chunks and codes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pictures
from PIL import Image


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    listed = b"".join(
        kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(listed) + 4) + b"WEBP" + listed


def canvas(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes([flags, 0, 0, 0]) + sides


class Bits:
    """Writes bits, the least significant first."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def put(self, value: int, width: int) -> None:
        self._bits.append(f"{value:0{width}b}"[::-1])

    def content(self) -> bytes:
        bits = "".join(self._bits)
        return int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")


def _put_codes(bits: Bits, *symbols: int) -> None:
    """Five prefix codes: of 256 symbols of eight bits, for as many alphabets as are given, and of
    the one symbol that takes no bits."""
    for number in range(5):
        if number >= len(symbols):
            bits.put(0b0001, 4)
            continue
        # Code lengths are 0 or 8, which one bit tells apart.
        bits.put(0, 1)
        bits.put(12 - 4, 4)
        for length in (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8):
            bits.put(int(length in (0, 8)), 3)
        bits.put(0, 1)
        for symbol in range(symbols[number]):
            bits.put(int(symbol < 256), 1)


def many_codes(side: int, groups: int, header: bool = True) -> bytes:
    """A lossless stream whose squares of 4 by 4 pixels have so many groups of codes (RFC 9649, 3),
    and whose pixels are all the same."""
    bits = Bits()
    if header:
        bits.put(0x2F, 8)
        bits.put(side - 1, 14)
        bits.put(side - 1, 14)
        bits.put(0, 1 + 3)
    bits.put(0b100, 3)  # no transform, no cache, several groups
    bits.put(0, 3)
    bits.put(0, 1)
    _put_codes(bits, 256 + 24, 256)
    for square in range((side // 4) ** 2):
        group = min(square, groups - 1)
        for value in (group & 255, group >> 8):
            bits.put(int(f"{value:08b}"[::-1], 2), 8)
    for _ in range(groups):
        _put_codes(bits)
    return bits.content()


def webps() -> Iterator[tuple[str, str, bytes]]:
    still = pictures.encoded(pictures.noise((16, 16)), "WEBP")
    frame = bytes(6) + (15).to_bytes(3, "little") * 2 + bytes(4) + still[12:]
    start = (b"ANIM", bytes(6))
    frames = [(b"ANMF", frame)] * 5_000
    codes = riff((b"VP8L", many_codes(1024, 65_536)))
    yield "costly", "webp of 65,536 groups of codes", codes
    frame_header = bytes(6) + (1023).to_bytes(3, "little") * 2 + bytes(4)
    inside = riff(canvas(1024, 1024, 2), start, (b"ANMF", frame_header + codes[12:]))
    yield "costly", "animated webp of 65,536 groups of codes", inside
    clear = b"\1" + many_codes(1024, 65_536, header=False)
    opaque = pictures.encoded(Image.new("RGB", (1024, 1024)), "WEBP")
    several = riff(canvas(1024, 1024, 0x10), (b"ALPH", clear), (b"VP8 ", opaque[20:]))
    yield "costly", "webp whose transparency has 65,536 groups of codes", several
    yield "harmless", "webp of many frames", riff(canvas(16, 16, 2), start, *frames)
    yield "costly", "webp on a huge canvas", riff(canvas(16_384, 16_384, 2), start, *frames[:1])
    empty = [(b"none", b"")] * 100_000
    yield "harmless", "webp of many chunks", riff(canvas(16, 16, 2), start, *frames[:1], *empty)
