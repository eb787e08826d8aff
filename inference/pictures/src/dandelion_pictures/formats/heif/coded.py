"""What the bytes of one coded picture hold, for AV1 and HEVC: how large, and how many frames.

The box around it only claims a size. A decoder takes memory for what the stream itself says, and
goes over every frame in it, shown or not. Whatever does not fit raises ValueError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

# AV1 bitstream, 6.2.2
SEQUENCE_HEADER, FRAME_HEADER, FRAME = 1, 3, 6
# H.265, table 7-1
SEQUENCE_PARAMETERS = 33
PICTURES = range(32)

# Samples a pixel, in halves, by AV1's profile and by HEVC's format of the chroma.
AV1_SAMPLES = {0: 3, 1: 6, 2: 6}
HEVC_SAMPLES = {0: 2, 1: 3, 2: 4, 3: 6}
GREY_SAMPLES = 2


@dataclass(frozen=True)
class Coded:
    pixels: int
    """Of one frame, the largest that the stream allows."""
    frames: int
    planes: int
    """Bytes of such a frame: two for each sample of more than eight bits."""
    deep: bool = False
    """Whether there are such samples."""


class Bits:
    """Reads bits, the most significant first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, width: int) -> int:
        self._left -= width
        if self._left < 0:
            raise ValueError("a header ends too early")
        return self._value >> self._left & ((1 << width) - 1)

    def exponential(self) -> int:
        """An Exp-Golomb number, ue(v) (H.265, 9.2); AV1's uvlc() is the same."""
        zeros = next(zeros for zeros in count() if self.take(1))
        if zeros > 32:
            raise ValueError("a number is too long")
        return (1 << zeros) - 1 + self.take(zeros)


def av1(data: bytes) -> Coded:
    """What a sequence of open bitstream units holds (AV1 bitstream, 5.3)."""
    pixels = frames = planes = 0
    deep = False
    for kind, content in _units(data):
        if kind == SEQUENCE_HEADER:
            found, halves, is_deep = _av1_sequence(Bits(content))
            pixels, planes = max(pixels, found), max(planes, found * halves // 2)
            deep |= is_deep
        elif kind in (FRAME, FRAME_HEADER):
            frames += 1
    return Coded(pixels, frames, planes, deep)


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        header = data[at]
        at += 2 if header & 4 else 1
        size = len(data) - at
        if header & 2:
            size, at = _leb128(data, at)
        yield header >> 3 & 15, data[at : at + min(size, 256)]
        at += size


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        if at >= len(data):
            break
        value |= (data[at] & 0x7F) << 7 * index
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    raise ValueError("a length is broken")


def _av1_sequence(bits: Bits) -> tuple[int, int, bool]:
    """Pixels, halves of bytes for each, and whether they are deep (AV1 bitstream, 5.5.1)."""
    profile = bits.take(3)
    bits.take(1)
    reduced = bits.take(1)
    if reduced:
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(width_bits) + 1, bits.take(height_bits) + 1
    # Frames may have a size of their own then, in as many bits.
    pixels = width * height if reduced else 1 << width_bits + height_bits
    if not reduced and bits.take(1):
        bits.take(7)
    bits.take(3)
    if not reduced:
        _skip_tools(bits)
    bits.take(3)
    deep = bits.take(1)
    if deep and profile == 2:
        bits.take(1)
    grey = profile != 1 and bits.take(1)
    samples = GREY_SAMPLES if grey else AV1_SAMPLES.get(profile, 6)
    return pixels, samples * (1 + deep), bool(deep)


def _skip_tools(bits: Bits) -> None:
    bits.take(4)
    order_hint = bits.take(1)
    if order_hint:
        bits.take(2)
    chosen_by_frame = bits.take(1)
    if (chosen_by_frame or bits.take(1)) and not bits.take(1):
        bits.take(1)
    if order_hint:
        bits.take(3)


def _skip_operating_points(bits: Bits) -> None:
    delay_bits = 0
    if bits.take(1):  # timing_info
        bits.take(64)
        if bits.take(1):
            bits.exponential()
        if bits.take(1):  # decoder_model_info
            delay_bits = bits.take(5) + 1
            bits.take(42)
    display_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if display_delay and bits.take(1):
            bits.take(4)


def hevc(configuration: bytes, data: bytes) -> Coded:
    """What the parameters beside a picture (`hvcC`) and its own units hold (ISO/IEC 14496-15)."""
    if len(configuration) < 23:
        raise ValueError("the parameters of a picture are truncated")
    width = (configuration[21] & 3) + 1
    pixels = frames = planes = 0
    deep = False
    for unit in (*_parameters(configuration), *_lengthed(data, width)):
        kind = unit[0] >> 1 & 0x3F
        if kind == SEQUENCE_PARAMETERS:
            found, halves, is_deep = _hevc_sequence(unit)
            pixels, planes = max(pixels, found), max(planes, found * halves // 2)
            deep |= is_deep
        elif kind in PICTURES and len(unit) > 2 and unit[2] & 0x80:
            frames += 1  # the first slice of a picture
    return Coded(pixels, frames, planes, deep)


def _parameters(configuration: bytes) -> Iterator[bytes]:
    at = 23
    for _ in range(configuration[22]):
        units = int.from_bytes(configuration[at + 1 : at + 3], "big")
        at += 3
        for _ in range(units):
            size = int.from_bytes(configuration[at : at + 2], "big")
            at += 2
            if size == 0 or at + size > len(configuration):
                raise ValueError("the parameters of a picture are truncated")
            yield configuration[at : at + size]
            at += size


def _lengthed(data: bytes, width: int) -> Iterator[bytes]:
    at = 0
    while at + width < len(data):
        size = int.from_bytes(data[at : at + width], "big")
        at += width
        if size:
            yield data[at : at + min(size, 256)]
        at += size


def _hevc_sequence(unit: bytes) -> tuple[int, int, bool]:
    """Pixels, halves of bytes for each, and whether they are deep (H.265, 7.3.2.2)."""
    bits = Bits(unit[2:256].replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 96)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.exponential()
    chroma = bits.exponential()
    if chroma == 3:
        bits.take(1)
    pixels = bits.exponential() * bits.exponential()
    if bits.take(1):
        for _ in range(4):
            bits.exponential()
    deep = max(bits.exponential(), bits.exponential()) > 0
    return pixels, HEVC_SAMPLES.get(chroma, 6) * (1 + deep), deep
