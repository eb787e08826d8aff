"""Headers of AV1 and HEVC streams of any size, put together bit by bit, and pictures of them."""

from __future__ import annotations

import struct

import containers
from containers import Picture


def av1_sequence(width: int, height: int, profile: int = 0) -> bytes:
    """A sequence header of a still picture (AV1 bitstream, 5.5.1) up to its size."""
    bits = f"{profile:03b}" + "11" + "00000"
    across, down = (width - 1).bit_length(), (height - 1).bit_length()
    bits += f"{across - 1:04b}{down - 1:04b}{width - 1:0{across}b}{height - 1:0{down}b}"
    bits += "0" * (-len(bits) % 8 + 64)
    content = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes([0x0A, len(content)]) + content


FRAME = b"\x32\x01\x00"


def av1(width: int, height: int, frames: int = 1) -> Picture:
    real = containers.avif()
    return Picture(real.kind, real.setup, av1_sequence(width, height) + FRAME * frames)


def hevc_sequence(width: int, height: int, layers: int = 0) -> bytes:
    """A sequence parameter set (H.265, 7.3.2.2) up to its size."""

    def number(value: int) -> str:
        return "0" * ((value + 1).bit_length() - 1) + f"{value + 1:b}"

    bits = "0000" + f"{layers:03b}" + "1" + "0" * 96
    if layers:
        bits += "11" * layers + "00" * (8 - layers) + "0" * 96 * layers
    bits += number(0) + number(1) + number(width) + number(height) + "1" * 32
    bits += "0" * (-len(bits) % 8)
    content = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return b"\x42\x01" + content.replace(b"\0\0", b"\0\0\3")


def hevc(width: int, height: int, frames: int = 1) -> Picture:
    """A picture whose own units say another size than its box."""
    real = containers.heic()
    unit = hevc_sequence(width, height)
    slices = b"".join(struct.pack(">I", 3) + b"\x26\x01\x80" for _ in range(frames))
    return Picture(real.kind, real.setup, struct.pack(">I", len(unit)) + unit + slices)
