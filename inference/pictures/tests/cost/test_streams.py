"""AVIF and HEIC: what the stream itself says counts, not the box around it."""

from __future__ import annotations

import struct
from collections.abc import Callable

import containers
import pictures
import pytest
from containers import Picture
from dandelion_pictures import Kind
from dandelion_pictures.formats.heif import coded
from opening import pending, refusal
from PIL import Image
from streams import av1, av1_sequence, hevc, hevc_sequence


@pytest.mark.parametrize("make", [av1, hevc])
def test_a_picture_that_is_larger_than_its_box_says_is_counted_as_it_is(
    make: Callable[..., Picture],
) -> None:
    picture = make(16_000, 16_000)
    refused = refusal(containers.still(picture))
    assert refused.kind is Kind.TOO_LARGE


@pytest.mark.parametrize("make", [av1, hevc])
def test_frames_that_nobody_sees_are_counted(make: Callable[..., Picture]) -> None:
    data = containers.still(make(2000, 1000, 400), size=(2000, 1000))
    refused = refusal(data)
    assert refused.kind is Kind.TOO_LARGE
    assert "400 frames" in refused.words


@pytest.mark.parametrize("layers", [0, 1, 6])
@pytest.mark.parametrize("size", [(64, 64), (8192, 4320), (1, 1)])
def test_the_size_of_a_stream_is_read_from_its_bits(size: tuple[int, int], layers: int) -> None:
    width, height = size
    unit = hevc_sequence(width, height, layers)
    setup = bytes(21) + b"\3\1" + b"\x21\0\1" + struct.pack(">H", len(unit)) + unit
    assert coded.hevc(setup, b"").pixels == width * height
    if size != (1, 1):
        assert coded.av1(av1_sequence(width, height)).pixels == width * height


def test_a_stream_of_an_animation_is_counted_by_what_its_frames_may_be() -> None:
    """Not a still: timing, a decoder model, two operating points, then the size in 12 bits."""
    bits = "000" + "00" + "1" + "0" * 64 + "0" + "1" + "00011" + "0" * 42 + "1" + "00001"
    for _ in range(2):
        bits += "0" * 12 + "01000" + "0" + "1" + "0" * 9 + "1" + "0000"
    bits += "1011" + "1011" + f"{3999:012b}{2999:012b}" + "0" * 64
    bits += "0" * (-len(bits) % 8)
    content = int(bits, 2).to_bytes(len(bits) // 8, "big")
    assert coded.av1(bytes([0x0A, len(content)]) + content).pixels == 4096 * 4096


@pytest.mark.parametrize(
    ("subsampling", "bytes_a_pixel"), [("4:0:0", 1), ("4:2:0", 1.5), ("4:2:2", 2), ("4:4:4", 3)]
)
def test_the_planes_of_an_avif_are_counted_as_they_are(
    subsampling: str, bytes_a_pixel: float
) -> None:
    image = pictures.noise((128, 64)).convert("L" if subsampling == "4:0:0" else "RGB")
    picture = containers.avif(image, subsampling=subsampling)
    found = coded.av1(picture.data)
    # 4:2:2 is of a profile that has all others of more bits.
    assert found.planes == 128 * 64 * (3 if subsampling == "4:2:2" else bytes_a_pixel)
    assert not found.deep


def test_the_depth_of_a_heic_is_counted() -> None:
    shallow, deep = (pending(containers.still(containers.heic(name))).cost for name in FILES)
    assert deep.memory > shallow.memory + 128 * 64 * 3


FILES = ("quarters.heic", "quarters-10-bit.heic")


def test_transparency_of_an_avif_is_decoded_and_counted() -> None:
    plain, clear = (
        pictures.encoded(Image.new(mode, (128, 64), (1, 2, 3, 4)[: len(mode)]), "AVIF")
        for mode in ("RGB", "RGBA")
    )
    assert pending(clear).cost.work > 2 * pending(plain).cost.work
