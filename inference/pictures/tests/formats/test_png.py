"""What a PNG says beside its pixels."""

from __future__ import annotations

import struct
import zlib

import crafted
import numpy as np
import pytest
from containers import QUARTERS
from reading import QUARTERED, corners, near, shown, with_chunk

UNPACKS_FAR = crafted.deflated_zeros(100_000_000)
ANCILLARY = {
    "text that unpacks to 100 MB": (b"zTXt", b"Comment\0\0" + UNPACKS_FAR),
    "text in UTF-8 that does": (b"iTXt", b"a\0\1\0\0\0" + UNPACKS_FAR),
    "a profile that does": (b"iCCP", b"icc\0\0" + UNPACKS_FAR),
    "a profile packed in a way that there is not": (b"iCCP", b"icc\0\7" + zlib.compress(b"a")),
    "a profile that is none": (b"iCCP", b"icc\0\0" + zlib.compress(b"nothing")),
    "a profile of no bytes": (b"iCCP", b""),
    "a resolution that is cut off": (b"pHYs", b"\0"),
    "an animation of no frames": (b"acTL", bytes(8)),
    "a frame out of order": (b"fcTL", struct.pack(">IIIIIHHBB", 7, 9, 9, 0, 0, 0, 0, 0, 0)),
    "significant bits of no channel": (b"sBIT", b""),
    "numbers of colours that there are not": (b"cICP", b"\xff\xff\0\1"),
}


@pytest.mark.parametrize("case", ANCILLARY)
def test_what_a_png_says_beside_its_pixels_keeps_nobody_from_seeing_them(case: str) -> None:
    kind, content = ANCILLARY[case]
    assert np.array_equal(shown(with_chunk(QUARTERED, kind, content)), shown(QUARTERED))


def test_a_damaged_transparency_is_ignored_as_viewers_do() -> None:
    chunk = bytearray(crafted.chunk(b"tRNS", struct.pack(">HHH", *QUARTERS[0])))
    clear = shown(QUARTERED[:33] + bytes(chunk) + QUARTERED[33:])
    assert tuple(clear[4, 4]) == (255, 255, 255)
    chunk[-1] ^= 1
    assert np.array_equal(shown(QUARTERED[:33] + bytes(chunk) + QUARTERED[33:]), shown(QUARTERED))


def test_orientation_counts_wherever_in_a_png_it_stands() -> None:
    end = QUARTERED.index(b"IEND") - 4
    turned = QUARTERED[:end] + crafted.chunk(b"eXIf", crafted.rotated_by(3)) + QUARTERED[end:]
    assert near(corners(turned), list(reversed(QUARTERS)))
