"""What is learnt from a file is what is served of it.

Training and serving decode, turn, resize, crop and normalise each on its own, because components
share no code. A difference would be an accuracy that nobody is ever served.
"""

from __future__ import annotations

import crafted
import numpy as np
import pictures
import pytest
from dandelion_pictures import Preprocessing, Reader
from dandelion_training.data.images.inspect import Geometry, inspect, serving_crop
from dandelion_training.data.images.served import MEAN, STD, normalised, scaled
from PIL import Image

GEOMETRY = Geometry(resize_short_side=36, crop=32)
PREPROCESSING = Preprocessing(
    resize_short_side=GEOMETRY.resize_short_side,
    center_crop=GEOMETRY.crop,
    scale=1 / 255,
    mean=MEAN,
    std=STD,
)
FILES = {
    **crafted.good(),
    "wide jpeg": pictures.encoded(pictures.noise((70, 37)), "JPEG"),
    "high png": pictures.encoded(pictures.noise((33, 90))),
    "grey png": pictures.encoded(Image.linear_gradient("L").resize((50, 41))),
    "png in one bit": pictures.encoded(Image.linear_gradient("L").resize((50, 41)).convert("1")),
    **{
        f"jpeg of orientation {orientation}": pictures.encoded(
            pictures.noise((48, 36)), "JPEG", exif=pictures.rotated(orientation)
        )
        for orientation in range(1, 9)
    },
}


@pytest.mark.parametrize("name", FILES)
def test_training_and_serving_see_the_same_numbers(name: str) -> None:
    learnt = normalised(scaled([serving_crop(inspect(FILES[name], GEOMETRY).window, GEOMETRY)]))
    served = Reader(1_000_000).tensor(FILES[name], PREPROCESSING)
    # One step of one pixel is 0.015 at the least; rounding of the same pixel far less.
    assert served == pytest.approx(np.asarray(learnt), abs=1e-5)
