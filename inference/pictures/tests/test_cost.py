"""What a picture costs is told from its content, before a pixel is decoded."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import containers
import crafted
import pictures
import pytest
from containers import Picture
from dandelion_pictures import Kind, PendingImage, Preprocessing, Reader, Unreadable
from dandelion_pictures.cost import BYTES_A_PIXEL, LARGE_BYTES
from dandelion_pictures.formats import coded
from PIL import Image

SMALL = Preprocessing(36, 32, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
READER = Reader(max_pixels=50_000_000)


def pending(data: bytes, reader: Reader = READER) -> PendingImage:
    return reader.open(data, SMALL)


def refusal(data: bytes, reader: Reader = READER) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        reader.open(data, SMALL)
    return refused.value


def test_the_size_is_judged_before_a_pixel_is_decoded() -> None:
    # 100 pixels too many, in a file whose data would fail at once if they were looked at.
    data = pictures.declared_png(1000, 1001, b"no pixels here")
    refused = refusal(data, Reader(max_pixels=1_000_900))
    assert refused.kind is Kind.TOO_LARGE
    assert "it has 1001000 pixels (1000 x 1001)" in refused.words
    assert "at most 1000900 pixels" in refused.words


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "GIF", "TIFF"])
def test_an_image_of_exactly_the_limit_is_taken(file_format: str) -> None:
    data = pictures.plain(size=(100, 100), file_format=file_format)
    assert Reader(max_pixels=10_000).tensor(data, SMALL).shape == (1, 3, 32, 32)
    assert refusal(data, Reader(max_pixels=9_999)).kind is Kind.TOO_LARGE


def test_webp_takes_twice_the_memory_of_others() -> None:
    data = pictures.plain(size=(100, 100), file_format="WEBP")
    assert Reader(max_pixels=20_000).tensor(data, SMALL).shape == (1, 3, 32, 32)
    refused = refusal(data, Reader(max_pixels=19_998))
    assert "at most 9999 pixels of such a WebP" in refused.words


def test_a_strip_that_the_resize_would_blow_up_is_refused() -> None:
    refused = refusal(pictures.declared_png(2, 1_000_000), Reader(max_pixels=10_000_000))
    assert refused.kind is Kind.TOO_LARGE
    assert "36 x 18000000" in refused.words


# JPEG: what is decoded counts, not what the header claims.


def jpeg(width: int, height: int, **options: Any) -> bytes:
    return pictures.encoded(Image.new("RGB", (width, height)), "JPEG", **options)


def test_a_jpeg_is_counted_at_the_scale_it_is_decoded_at() -> None:
    data = crafted.resized_jpeg(20_000, 16_000)
    assert pending(data).cost.memory == 2500 * 2000 * BYTES_A_PIXEL
    assert pending(data).size == (20_000, 16_000)
    assert pending(crafted.resized_jpeg(8160, 6120)).cost.memory == 1020 * 765 * BYTES_A_PIXEL


def test_a_photo_of_200_megapixels_is_read() -> None:
    image = pending(crafted.flat_jpeg(16_320, 12_240))
    assert not image.large
    assert set(image.resized().get_flattened_data()) == {(128, 128, 128)}


def test_a_jpeg_whose_eighth_is_too_large_is_refused() -> None:
    assert refusal(crafted.resized_jpeg(60_000, 60_000)).kind is Kind.TOO_LARGE


def test_a_jpeg_is_not_decoded_smaller_than_the_network_wants() -> None:
    wanted = Preprocessing(3000, 3000, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    data = crafted.resized_jpeg(8_000, 8_000)
    with pytest.raises(Unreadable, match="it has 64000000 pixels"):
        READER.open(data, wanted)


@pytest.mark.parametrize(
    ("subsampling", "samples"), [("4:4:4", 3.0), ("4:2:2", 2.0), ("4:2:0", 1.5)]
)
def test_a_progressive_jpeg_holds_all_of_its_coefficients(subsampling: str, samples: float) -> None:
    data = jpeg(1600, 1200, progressive=True, subsampling=subsampling)
    cost = pending(data).cost
    assert cost.memory == 1600 * 1200 * samples * 2 + 200 * 150 * 4
    assert cost.work > 5 * 1600 * 1200


def test_a_baseline_jpeg_in_several_scans_is_counted_as_the_progressive_one_that_it_is() -> None:
    plain = jpeg(1600, 1200)
    at = plain.index(b"\xff\xda")
    # A first scan of one component makes the decoder wait for the others.
    alone = plain[:at] + b"\xff\xda\0\x08\x01\x01\x00\x00\x3f\x00" + plain[at + 14 :]
    assert pending(alone).cost.memory == 1600 * 1200 * 3 + 200 * 150 * 4


def test_a_progressive_jpeg_of_phones_is_read_and_one_of_gigapixels_is_not() -> None:
    assert pending(crafted.resized_jpeg(8160, 6120, progressive=True)).large
    refused = refusal(crafted.resized_jpeg(20_000, 16_000, progressive=True))
    assert refused.kind is Kind.TOO_LARGE


ENDLESS = {
    "a JPEG of thousands of scans": (crafted.many_scans(6000, 6000, 3000), "3000 scans"),
    "a TIFF with a tile of 800 MB": (crafted.tiled_tiff(64, 64, 16_384), "it has 4096 pixels"),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_a_small_file_that_decodes_without_end_is_refused(case: str) -> None:
    data, why = ENDLESS[case]
    refused = refusal(data)
    assert refused.kind is Kind.TOO_LARGE
    assert why in refused.words


def test_many_scans_of_a_small_picture_do_no_harm() -> None:
    assert READER.tensor(crafted.many_scans(64, 64, 100), SMALL).shape == (1, 3, 32, 32)


def test_a_tiff_that_comes_in_one_deep_strip_is_counted_with_it() -> None:
    whole = {256: 5_000, 257: 5_000, 278: 5_000}
    deep = crafted.tiff(whole | {258: 16, 277: 3})
    assert pending(deep).cost.memory == 25_000_000 * (6 + 6)
    assert pending(crafted.tiff(whole)).cost.memory == 25_000_000 * BYTES_A_PIXEL


def test_the_scans_of_a_jpeg_within_a_tiff_are_counted() -> None:
    plain = pictures.encoded(Image.new("RGB", (3000, 3000)), "TIFF", compression="jpeg")
    assert pending(plain).cost.work < 3 * 3000 * 3000
    assert refusal(plain + b"\xff\xda" * 60_000).kind is Kind.TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xe1\0\2" * 1_000_000,
        pictures.plain(file_format="JPEG")[:-2] + b"\xff\x01\xff\xfe\0\2" * 1_000_000,
        crafted.with_chunk(b"tEXt", b"", 1_000_000),
    ],
    ids=["segments before the pixels", "segments behind them", "chunks"],
)
def test_a_file_of_pieces_without_end_is_given_up(data: bytes) -> None:
    assert refusal(data).kind is Kind.BROKEN


# AVIF and HEIC: the stream counts, not the box around it.


def test_a_picture_of_a_phone_is_within_the_limits_of_serving() -> None:
    """48 megapixels in 192 tiles of 512 x 512, 4:2:0."""
    tiles, pixels = 192, 8064 * 6048
    memory = tiles * 512 * 512 * 3 + pixels * 7
    assert LARGE_BYTES < memory < 50_000_000 * BYTES_A_PIXEL


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


def test_real_streams_are_read_as_what_they_are() -> None:
    for picture in (containers.avif(), containers.heic(), containers.heic("quarters-10-bit.heic")):
        cost = pending(containers.still(picture)).cost
        assert cost.work == 128 * 64, picture.kind


def test_transparency_of_an_avif_is_decoded_and_counted() -> None:
    plain, clear = (
        pictures.encoded(Image.new(mode, (128, 64), (1, 2, 3, 4)[: len(mode)]), "AVIF")
        for mode in ("RGB", "RGBA")
    )
    assert pending(clear).cost.work == 2 * pending(plain).cost.work


# Callers


def test_large_pictures_say_so() -> None:
    assert not pending(pictures.declared_png(2000, 2000)).large
    assert pending(pictures.declared_png(2000, 2001)).large
    assert not pending(crafted.resized_jpeg(12_000, 9_000)).large


def test_a_caller_may_allow_more_passes() -> None:
    data = crafted.many_scans(64, 64, 100)
    patient, hasty = Reader(64 * 64, max_passes=100), Reader(64 * 64, max_passes=99)
    assert patient.tensor(data, SMALL).shape == (1, 3, 32, 32)
    assert "100 scans" in refusal(data, hasty).words


OPENED = """
import containers, crafted, pictures
from pathlib import Path
from dandelion_pictures import Preprocessing, Reader

def largest():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmPeak")) // 1024

def opened(side, tiles):
    words = Preprocessing(36, 32, 1 / 255, (0.5,) * 3, (0.5,) * 3)
    for data in (
        crafted.resized_jpeg(side, side),
        crafted.resized_jpeg(side, side, progressive=True),
        pictures.declared_png(side, side),
        crafted.resized_gif(side, side),
        crafted.resized_bmp(side, side),
        crafted.tiff({256: side, 257: side}),
        crafted.resized_webp(side, side),
        containers.tiled(containers.heic(), tiles, tiles),
        containers.tiled(containers.avif(), tiles, tiles),
    ):
        Reader(100_000_000).open(data, words)

opened(40, 2)
before = largest()
opened(6_000, 30)
print(largest() - before)
"""


def test_opening_takes_no_memory_for_pixels() -> None:
    script = [sys.executable, "-c", OPENED]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    grown = subprocess.run(script, check=True, env=environment, capture_output=True, text=True)
    # 36 megapixels take 108 MB in the thriftiest of modes; WebP's decoder is not made yet.
    assert int(grown.stdout) < 30


def test_a_refusal_does_not_hold_the_picture() -> None:
    with pytest.raises(Unreadable) as refused:
        READER.tensor(pictures.declared_png(64, 64), SMALL)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
    held = [
        frame.frame.f_locals
        for frame in refused.traceback
        if "dandelion_pictures" in str(frame.path)
    ]
    assert held
    assert not any(isinstance(value, Image.Image) for scope in held for value in scope.values())
    assert not any(isinstance(value, bytes) for scope in held for value in scope.values())


def test_a_picture_is_decoded_once() -> None:
    image = pending(pictures.plain())
    image.tensor()
    with pytest.raises(RuntimeError, match="once"):
        image.resized()
