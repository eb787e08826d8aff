"""What is learnt from a file is what is served of it.

Both read with one package, but training keeps windows and normalises with torch, and serving crops
and normalises with numpy. A difference would be an accuracy that nobody is ever served.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import containers
import crafted
import numpy as np
import pictures
import pytest
from dandelion_pictures import Preprocessing, Reader
from dandelion_pictures.colour.primaries import profile_of
from dandelion_training.data.images.inspect import MEAN, STD, Geometry, serving_crop, window_of
from dandelion_training.data.served import normalised, scaled
from PIL import Image

SMALL = Geometry(resize_short_side=36, crop=32)
USUAL = Geometry(resize_short_side=256, crop=224)
READER = Reader()
DISPLAY_P3 = profile_of(12, 13) or b""
VIDEO = struct.pack(">I", 24) + b"ftypmp42" + bytes(12) + b"\xff\xda" * 5000


def photo(size: tuple[int, int] = (400, 300), file_format: str = "JPEG", **options: Any) -> bytes:
    smooth = pictures.noise((40, 30)).resize(size, Image.Resampling.BICUBIC)
    return pictures.encoded(smooth, file_format, **options)


def twelve_megapixels(**options: Any) -> bytes:
    """Large enough to be decoded at an eighth for both networks."""
    return photo((4000, 3000), quality=92, **options)


FILES: dict[str, Callable[[], bytes]] = {
    **{name: partial(bytes, data) for name, data in crafted.good().items()},
    "wide jpeg": lambda: pictures.encoded(pictures.noise((70, 37)), "JPEG"),
    "high png": lambda: pictures.encoded(pictures.noise((33, 90))),
    "grey png": lambda: pictures.encoded(Image.linear_gradient("L").resize((50, 41))),
    "png in one bit": lambda: pictures.encoded(
        Image.linear_gradient("L").resize((50, 41)).convert("1")
    ),
    **{
        f"jpeg of orientation {turn}": partial(photo, exif=pictures.rotated(turn))
        for turn in range(1, 9)
    },
    "12 megapixels": twelve_megapixels,
    "12 megapixels, lying": lambda: twelve_megapixels(exif=pictures.rotated(6)),
    "12 megapixels, progressive": lambda: twelve_megapixels(progressive=True),
    "12 megapixels of a phone": lambda: twelve_megapixels(icc_profile=DISPLAY_P3) + VIDEO,
    "jpeg in Display P3": lambda: photo(icc_profile=DISPLAY_P3),
    "png in Display P3": lambda: photo(file_format="PNG", icc_profile=DISPLAY_P3),
    "motion photo": lambda: photo() + VIDEO,
    "avif": lambda: photo(file_format="AVIF"),
    "avif in Display P3": lambda: photo(file_format="AVIF", icc_profile=DISPLAY_P3),
    "heic": lambda: containers.still(containers.heic()),
    "heic of an iPhone": lambda: containers.tiled(
        containers.heic(), 4, 3, containers.turned(3), containers.numbered_colours(12, 13)
    ),
}


@pytest.mark.parametrize("geometry", [SMALL, USUAL], ids=["36", "256"])
@pytest.mark.parametrize("name", FILES)
def test_training_and_serving_see_the_same_numbers(name: str, geometry: Geometry) -> None:
    data = FILES[name]()
    learnt = normalised(scaled([serving_crop(window_of(data, geometry), geometry)]))
    preprocessing = Preprocessing(
        resize_short_side=geometry.resize_short_side,
        center_crop=geometry.crop,
        scale=1 / 255,
        mean=MEAN,
        std=STD,
    )
    served = READER.tensor(data, preprocessing)
    # One step of one pixel is 0.015 at the least; rounding of the same pixel far less.
    assert np.abs(served - np.asarray(learnt)).max() < 1e-5
