"""JPEGs as phones, cameras and editors write them, whatever lies in them beside the photo."""

from __future__ import annotations

import io
import struct

import containers
import crafted
import numpy as np
import pictures
import pytest
from containers import QUARTERS
from dandelion_pictures import Kind
from PIL import Image
from reading import PHOTO, QUARTERED, READER, WHOLE, corners, near, refusal, shown, with_chunk

OTHER = pictures.encoded(pictures.noise((128, 64)), "JPEG", quality=95)
BEHIND = {
    "a video, as phones put it there": struct.pack(">I", 24) + b"ftypmp42" + b"\xff\xda" * 5000,
    "another photo": OTHER,
    "many scans of another photo": crafted.many_scans(3000, 3000, 5000),
    "a second beginning": b"\xff\xd8\xff\xe1",
    "noise": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("case", BEHIND)
def test_what_lies_behind_a_photo_is_left_alone(case: str) -> None:
    pending = READER.open(PHOTO + BEHIND[case], WHOLE)
    assert pending.cost == READER.open(PHOTO, WHOLE).cost
    assert np.array_equal(shown(PHOTO + BEHIND[case]), shown(PHOTO))


def test_of_several_views_in_one_file_the_first_is_read() -> None:
    out = io.BytesIO()
    frames = [containers.quarters(), pictures.noise((128, 64))]
    frames[0].save(out, "MPO", save_all=True, append_images=frames[1:], quality=95)
    pending = READER.open(out.getvalue(), WHOLE)
    assert pending.format == "JPEG"
    assert near(corners(out.getvalue()), list(QUARTERS))


def test_a_large_photo_of_several_views_is_decoded_small_as_any_other() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (1600, 1200), colour) for colour in ("red", "blue")]
    frames[0].save(out, "MPO", save_all=True, append_images=frames[1:])
    alone = pictures.encoded(frames[0], "JPEG")
    cost = READER.open(out.getvalue(), WHOLE).cost
    assert cost.memory < 1600 * 1200
    assert abs(cost.memory - READER.open(alone, WHOLE).cost.memory) < 1000


def test_a_broken_index_of_views_is_no_reason_to_refuse_a_photo() -> None:
    broken = PHOTO[:2] + segment(0xE2, b"MPF\0MM\0*\xff\xff\xff\xff") + PHOTO[2:]
    assert np.array_equal(shown(broken), shown(PHOTO))


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def directory(*entries: tuple[int, int, int, int], order: str = "<") -> bytes:
    """EXIF of entries of tag, type, count and what stands in the field."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    listed = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return mark + struct.pack(order + "IH", 8, len(entries)) + listed + bytes(4)


UPSIDE_DOWN = (0x0112, 3, 1, 3)
ODD_EXIF = {
    "a resolution that is a text": directory(UPSIDE_DOWN, (0x011A, 2, 4, 0x41414141)),
    "a resolution that is divided by nothing": directory(UPSIDE_DOWN, (0x011A, 5, 1, 4)),
    "a resolution far beyond the end": directory(UPSIDE_DOWN, (0x011A, 5, 2**31, 2**32 - 1)),
    "types that there are not": directory((1, 99, 9, 9), UPSIDE_DOWN, (2, 0, 0, 0)),
    "a directory of directories without end": directory(UPSIDE_DOWN, (0x8769, 4, 1, 8)),
    "an orientation of four bytes": directory((0x0112, 4, 1, 3)),
    "an orientation of one byte": directory((0x0112, 1, 1, 3)),
    "more entries than there are": directory(UPSIDE_DOWN)[:-4].replace(
        b"\x08\0\0\0\x01\0", b"\x08\0\0\0\xff\xff"
    ),
}


@pytest.mark.parametrize("case", ODD_EXIF)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_turned_upright_whatever_else_its_exif_says(case: str, file_format: str) -> None:
    exif = ODD_EXIF[case]
    options = {"lossless": True} if file_format == "WEBP" else {}
    if file_format == "JPEG":
        data = PHOTO[:2] + segment(0xE1, b"Exif\0\0" + exif) + PHOTO[2:]
    elif file_format == "PNG":
        data = with_chunk(QUARTERED, b"eXIf", exif)
    else:
        data = pictures.encoded(containers.quarters(), "WEBP", exif=exif, **options)
    assert near(corners(data), list(reversed(QUARTERS)))


def test_the_order_of_bytes_in_exif_may_be_either() -> None:
    exif = directory((0x0112, 3, 1, 3 << 16), order=">")
    data = PHOTO[:2] + segment(0xE1, b"Exif\0\0" + exif) + PHOTO[2:]
    assert near(corners(data), list(reversed(QUARTERS)))


def test_a_photo_with_a_thumbnail_in_its_exif_is_the_photo() -> None:
    exif = b"Exif\0\0" + directory(UPSIDE_DOWN) + OTHER
    data = PHOTO[:2] + segment(0xE1, exif[:65_000]) + PHOTO[2:]
    pending = READER.open(data, WHOLE)
    assert pending.cost == READER.open(PHOTO, WHOLE).cost
    assert near(corners(data), list(reversed(QUARTERS)))


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"quality": 100}])
@pytest.mark.parametrize("restarts", [0, 1, 7])
def test_jpegs_of_every_make_are_read(options: dict[str, int], restarts: int) -> None:
    data = pictures.encoded(
        containers.quarters(), "JPEG", restart_marker_blocks=restarts, subsampling=0, **options
    )
    assert near(corners(data), list(QUARTERS), steps=6)


def test_a_jpeg_of_12_bits_is_refused_with_the_way_out() -> None:
    at = PHOTO.index(b"\xff\xc0") + 4
    refused = refusal(PHOTO[:at] + b"\x0c" + PHOTO[at + 1 :])
    assert refused.kind is Kind.UNSUPPORTED
    assert "12 bits" in refused.words
