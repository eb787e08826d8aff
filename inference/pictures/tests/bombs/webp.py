"""WebPs of many frames, chunks and codes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pictures


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    listed = b"".join(
        kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(listed) + 4) + b"WEBP" + listed


def canvas(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes([flags, 0, 0, 0]) + sides


def webps() -> Iterator[tuple[str, str, bytes]]:
    still = pictures.encoded(pictures.noise((16, 16)), "WEBP")
    frame = bytes(6) + (15).to_bytes(3, "little") * 2 + bytes(4) + still[12:]
    start = (b"ANIM", bytes(6))
    frames = [(b"ANMF", frame)] * 5_000
    yield "harmless", "webp of many frames", riff(canvas(16, 16, 2), start, *frames)
    yield "costly", "webp on a huge canvas", riff(canvas(16_384, 16_384, 2), start, *frames[:1])
    empty = [(b"none", b"")] * 100_000
    yield "harmless", "webp of many chunks", riff(canvas(16, 16, 2), start, *frames[:1], *empty)
