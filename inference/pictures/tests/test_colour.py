"""Pictures look in sRGB as they do in their own colours, which their files bring or name."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import containers
import crafted
import numpy as np
import pictures
import pytest
from dandelion_pictures import Preprocessing, Reader
from dandelion_pictures.colour import primaries, profiles
from dandelion_pictures.colour.primaries import ADOBE_RGB, profile_of
from numpy.typing import NDArray
from PIL import Image, ImageCms

SMALL = Preprocessing(16, 16, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
READER = Reader()
STORED = (180, 90, 60)
DISPLAY_P3 = profile_of(12, 13) or b""
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def colour(data: bytes) -> tuple[int, ...]:
    image = np.asarray(READER.open(data, SMALL).resized())
    return tuple(image[8, 8].tolist())


def plain(file_format: str, **options: Any) -> bytes:
    if file_format in ("WEBP",):
        options["lossless"] = True
    elif file_format in ("JPEG", "AVIF"):
        options |= {"quality": 100, "subsampling": "4:4:4"}
    return pictures.encoded(Image.new("RGB", (40, 40), STORED), file_format, **options)


def in_srgb(
    stored: tuple[int, ...], chromaticities: primaries.Chromaticities, gamma: float | None
) -> tuple[int, ...]:
    """By the formulas of IEC 61966-2-1, in double precision, without any profile."""
    encoded = np.array(stored) / 255
    linear = encoded**gamma if gamma else srgb_to_linear(encoded)
    of, srgb = matrix(chromaticities), matrix(primaries.BT709)
    shown = np.clip(np.linalg.solve(srgb, of @ linear), 0, 1)
    low, high = shown * 12.92, 1.055 * shown ** (1 / 2.4) - 0.055
    return tuple((np.where(shown <= 0.0031308, low, high) * 255).round().astype(int).tolist())


def srgb_to_linear(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def matrix(chromaticities: primaries.Chromaticities) -> NDArray[np.float64]:
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in chromaticities]).T
    return columns * np.linalg.solve(columns, primaries.D65)


IN_P3 = in_srgb(STORED, primaries.PRIMARIES[12], None)
IN_ADOBE_RGB = in_srgb(STORED, ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), 563 / 256)


def is_near(found: tuple[int, ...], expected: tuple[int, ...], steps: int = 2) -> bool:
    return all(abs(a - b) <= steps for a, b in zip(found, expected, strict=True))


def test_the_colours_differ_enough_to_tell() -> None:
    assert not is_near(IN_P3, STORED, 10)
    assert not is_near(IN_ADOBE_RGB, STORED, 10)
    assert not is_near(IN_ADOBE_RGB, IN_P3, 2)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_profile_in_the_file_is_honoured(file_format: str) -> None:
    assert is_near(colour(plain(file_format, icc_profile=DISPLAY_P3)), IN_P3)
    assert is_near(colour(plain(file_format, icc_profile=ADOBE_RGB)), IN_ADOBE_RGB)
    assert is_near(colour(plain(file_format)), STORED)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_profile_that_is_srgb_changes_nothing(file_format: str) -> None:
    with_profile = READER.open(plain(file_format, icc_profile=SRGB), SMALL).resized()
    without = READER.open(plain(file_format), SMALL).resized()
    assert with_profile.tobytes() == without.tobytes()


def test_a_container_brings_a_profile_or_names_its_colours() -> None:
    for coded in (containers.heic(), containers.avif()):
        expected = in_srgb(containers.QUARTERS[1], primaries.PRIMARIES[12], None)
        for properties in (
            [containers.numbered_colours(12, 13)],
            [containers.profiled(DISPLAY_P3)],
            [containers.numbered_colours(1, 13), containers.profiled(DISPLAY_P3)],
            [containers.numbered_colours(12, 1)],
        ):
            for data in (
                containers.still(coded, *properties),
                containers.tiled(coded, 1, 1, *properties),
            ):
                image = np.asarray(READER.open(data, SMALL).resized())
                found = tuple(image[3, -3].tolist())
                assert is_near(found, expected, 4), (coded.kind, properties)


def test_a_container_that_names_srgb_or_nothing_known_is_shown_as_it_is() -> None:
    plainly = READER.open(containers.still(containers.avif()), SMALL).resized()
    for numbers in ((1, 13), (2, 2), (1, 1), (12, 16), (9, 18), (99, 13), (0, 0)):
        named = containers.still(containers.avif(), containers.numbered_colours(*numbers))
        assert READER.open(named, SMALL).resized().tobytes() == plainly.tobytes(), numbers


def test_a_png_may_name_its_colours() -> None:
    data = plain("PNG", icc_profile=ADOBE_RGB)
    named = data[:33] + crafted.chunk(b"cICP", bytes([12, 13, 0, 1])) + data[33:]
    assert is_near(colour(named), IN_P3)


def camera_exif(space: int, index: bytes) -> bytes:
    """Main directory, details at 26 and how they are to be read at 62."""
    head = b"Exif\0\0II*\0" + struct.pack("<I", 8)
    main = struct.pack("<HHHIII", 1, 0x8769, 4, 1, 26, 0)
    details = struct.pack("<HHHIHxxHHIII", 2, 0xA001, 3, 1, space, 0xA005, 4, 1, 56, 0)
    return head + main + details + struct.pack("<HHHI4sI", 1, 0x0001, 2, 4, index, 0)


def test_a_camera_that_says_adobe_rgb_in_exif_is_believed() -> None:
    assert is_near(colour(plain("JPEG", exif=camera_exif(0xFFFF, b"R03"))), IN_ADOBE_RGB)
    assert is_near(colour(plain("JPEG", exif=camera_exif(1, b"R03"))), STORED)
    assert is_near(colour(plain("JPEG", exif=camera_exif(0xFFFF, b"R98"))), STORED)
    both = plain("JPEG", exif=camera_exif(0xFFFF, b"R03"), icc_profile=DISPLAY_P3)
    assert is_near(colour(both), IN_P3)


def grey_profile(gamma: float) -> bytes:
    """Grey of one curve (ICC.1, 8.3.4)."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    table = struct.pack(">I", 2) + b"kTRC" + struct.pack(">II", 156, 16)
    table += b"wtpt" + struct.pack(">II", 172, 20)
    head = struct.pack(">I4xI", 192, 0x02100000) + b"mntrGRAYXYZ " + bytes(12) + b"acsp"
    return head + bytes(28) + white[8:] + bytes(48) + table + curve + white


def test_grey_of_another_curve_is_as_bright_as_it_was_meant() -> None:
    image = Image.new("L", (40, 40), 128)
    linear = pictures.encoded(image, "PNG", icc_profile=grey_profile(1.0))
    assert is_near(colour(linear), (188, 188, 188))
    assert is_near(colour(pictures.encoded(image, "PNG")), (128, 128, 128))


IGNORED = {
    "of other colours than the pixels": grey_profile(1.8),
    "cut off": DISPLAY_P3[:200],
    "without tags": DISPLAY_P3[:128] + bytes(4),
    "of noise": bytes(range(256)),
    "of noise that begins well": DISPLAY_P3[:128] + bytes(range(256)),
    "of nothing": b"\0",
}


@pytest.mark.parametrize("case", IGNORED)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_broken_profile_is_ignored_as_viewers_do(case: str, file_format: str) -> None:
    assert is_near(colour(plain(file_format, icc_profile=IGNORED[case])), STORED)


def test_a_profile_of_a_jpeg_that_lacks_a_part_is_ignored() -> None:
    data = plain("JPEG", icc_profile=DISPLAY_P3)
    at = data.index(b"ICC_PROFILE\0") + 13
    assert is_near(colour(data[:at] + b"\2" + data[at + 1 :]), STORED)


def test_a_profile_in_parts_is_put_together_in_their_order() -> None:
    data = plain("JPEG")
    half = len(DISPLAY_P3) // 2
    parts = [(2, DISPLAY_P3[half:]), (1, DISPLAY_P3[:half])]
    segments = b"".join(
        b"\xff\xe2"
        + struct.pack(">H", len(part) + 16)
        + b"ICC_PROFILE\0"
        + bytes([number, 2])
        + part
        for number, part in parts
    )
    assert is_near(colour(data[:2] + segments + data[2:]), IN_P3)


def test_a_profile_without_end_is_not_unpacked() -> None:
    endless = DISPLAY_P3 + bytes(20_000_000)
    packed = b"icc\0\0" + zlib.compress(endless)
    data = plain("PNG")
    data = data[:33] + crafted.chunk(b"iCCP", packed) + data[33:]
    assert is_near(colour(data), STORED)


def test_only_so_many_transforms_are_kept() -> None:
    for number in range(3 * profiles.KEPT_TRANSFORMS):
        changed = bytearray(DISPLAY_P3)
        changed[84] = number  # an identifier that nobody reads
        assert is_near(colour(plain("PNG", icc_profile=bytes(changed))), IN_P3)
    assert len(profiles.TRANSFORMS) <= profiles.KEPT_TRANSFORMS


def test_ink_with_a_profile_is_shown_by_it() -> None:
    """A profile of a press that is made here: only black ink is to be seen."""
    image = Image.new("CMYK", (40, 40), (0, 255, 255, 0))
    out = io.BytesIO()
    image.save(out, "TIFF", icc_profile=ink_profile())
    assert is_near(colour(pictures.encoded(image, "TIFF")), (255, 0, 0))
    assert is_near(colour(out.getvalue()), (255, 255, 255))


def ink_profile() -> bytes:
    """A lookup table of 16 corners that are white without and black with the last ink (10.11)."""
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft2" + bytes(4) + bytes([4, 3, 2, 0]) + identity + struct.pack(">HH", 2, 2)
    table += struct.pack(">HH", 0, 65535) * 4
    table += struct.pack(">6H", 0xFF00, 0x8000, 0x8000, 0, 0x8000, 0x8000) * 8
    table += struct.pack(">HH", 0, 65535) * 3
    head = struct.pack(">I4xI", 144 + len(table), 0x02100000) + b"prtrCMYKLab " + bytes(12)
    head += b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return head + struct.pack(">I", 1) + b"A2B0" + struct.pack(">II", 144, len(table)) + table
