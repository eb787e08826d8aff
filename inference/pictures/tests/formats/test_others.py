"""Animations, TIFFs of every make, and files that are named because they are not read."""

from __future__ import annotations

import io

import containers
import crafted
import numpy as np
import pictures
import pytest
from containers import QUARTERS
from dandelion_pictures import Kind
from PIL import Image
from reading import PHOTO, QUARTERED, corners, near, refusal, shown


def test_the_first_frame_of_an_animation_is_read() -> None:
    frames = [containers.quarters(), pictures.noise((128, 64))]
    for file_format, options in {
        "GIF": {},
        "PNG": {},
        "WEBP": {"lossless": True},
        "TIFF": {},
    }.items():
        out = io.BytesIO()
        frames[0].save(out, file_format, save_all=True, append_images=frames[1:], **options)
        assert near(corners(out.getvalue()), list(QUARTERS), steps=2), file_format


@pytest.mark.parametrize(
    "compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"]
)
@pytest.mark.parametrize("big", [False, True])
def test_tiffs_of_every_make_are_read(compression: str | None, big: bool) -> None:
    data = pictures.encoded(containers.quarters(), "TIFF", compression=compression, big_tiff=big)
    assert near(corners(data), list(QUARTERS), steps=6)


def test_metadata_of_a_tiff_that_makes_no_sense_is_no_reason_to_refuse_it() -> None:
    tags = {0x8769: 2**31, 34675: 7, 700: 9, 330: 2**31, 33723: 1, 282: 0, 283: 0}
    plain = crafted.tiff({}, bytes(range(192)) * 3)
    assert np.array_equal(shown(crafted.tiff(tags, bytes(range(192)) * 3)), shown(plain))


OTHERS = {
    b"": (Kind.EMPTY, "empty"),
    b"P3\n# a comment\n1 1\n255\n0 0 0": (Kind.UNSUPPORTED, "a PPM image"),
    b"P5 1 1 255\n0": (Kind.UNSUPPORTED, "a PGM image"),
    b"P7\nWIDTH 1": (Kind.UNSUPPORTED, "a PAM image"),
    b"P9 and more": (Kind.NOT_AN_IMAGE, "not an image"),
    b"%PDF-1.7 and more": (Kind.UNSUPPORTED, "a PDF document"),
    b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom": (Kind.UNSUPPORTED, "an MP4 or QuickTime video"),
    b"\0\0\0\x18ftypcrx \0\0\0\0crx isom": (Kind.UNSUPPORTED, "a Canon raw image"),
    b"<svg xmlns='http://www.w3.org/2000/svg'/>": (Kind.UNSUPPORTED, "an SVG drawing"),
    b"anything else": (Kind.NOT_AN_IMAGE, "not an image"),
    PHOTO[:3]: (Kind.TRUNCATED, "a JPEG image"),
    QUARTERED[:20]: (Kind.TRUNCATED, "ends before"),
    PHOTO[:-40]: (Kind.TRUNCATED, "is truncated"),
    QUARTERED[:-60]: (Kind.TRUNCATED, "ends before all"),
    containers.container([], b"heic"): (Kind.BROKEN, "does not hold the image"),
    pictures.plain(file_format="ICO"): (Kind.UNSUPPORTED, "a Windows icon"),
    pictures.encoded(Image.new("F", (40, 40)), "TIFF"): (Kind.UNSUPPORTED, "floating-point"),
}


@pytest.mark.parametrize("data", OTHERS, ids=[words for _, words in OTHERS.values()])
def test_what_is_not_read_is_named_with_its_kind(data: bytes) -> None:
    kind, words = OTHERS[data]
    refused = refusal(data)
    assert refused.kind is kind
    assert words in refused.words
