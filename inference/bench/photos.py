"""The pictures that every contender is asked about: ordinary photos, made on the spot.

Called by `comparison.py` to ask, by `bare.py` to loop, and by `graphs.py` to calibrate int8.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

PHOTOS = 16


def photos(count: int = PHOTOS) -> list[bytes]:
    """JPEG photos of an ordinary size: smooth shapes with some grain, 40 KB each."""
    random = np.random.default_rng(0)
    encoded = []
    for _ in range(count):
        shapes = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        photo = np.asarray(shapes.resize((500, 375), Image.Resampling.BICUBIC), dtype=np.int16)
        grain = random.integers(-8, 9, photo.shape, dtype=np.int16)
        out = io.BytesIO()
        Image.fromarray((photo + grain).clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=85)
        encoded.append(out.getvalue())
    return encoded
