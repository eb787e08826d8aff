"""Pictures of a meadow, drawn on the spot: a flower of one colour on the left."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

SIZE = (480, 360)
FLOWER = (150, 170)
RADIUS = 95


def meadow(channel: int, seed: int = 0) -> bytes:
    """A PNG whose flower is red, green or blue, on grey; small, since noise would not be."""
    width, height = SIZE
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(x - FLOWER[0], y - FLOWER[1])
    angle = np.arctan2(y - FLOWER[1], x - FLOWER[0])
    petals = distance < RADIUS * (0.75 + 0.25 * np.cos(9 * angle + seed))
    picture = np.repeat((70 + 60 * (y / height))[..., np.newaxis], 3, axis=-1)
    picture[petals] = 40
    picture[petals, channel] = 160 + 0.9 * distance[petals]
    picture[distance < 22] = (60, 60, 60)
    return _png(Image.fromarray(picture.clip(0, 255).astype(np.uint8)))


def fog() -> bytes:
    """A PNG of no flower."""
    return _png(Image.new("RGB", SIZE, (128, 128, 128)))


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
