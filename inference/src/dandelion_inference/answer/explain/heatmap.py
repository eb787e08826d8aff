"""A picture as the network saw it, with what decided drawn over it. Called by `explainer.py`."""

from __future__ import annotations

import io

import numpy as np
from dandelion_pictures import Preprocessing
from numpy.typing import NDArray
from PIL import Image

# Small crops are drawn larger, so that people see something.
SHORTEST_SIDE = 448

# From dark violet over red and orange to pale yellow: lightness rises all the way, so the order
# of the colours is told without telling the hues apart.
COLOURS = np.array(
    [
        (13, 8, 45),
        (66, 10, 104),
        (124, 27, 109),
        (183, 52, 87),
        (228, 92, 48),
        (250, 152, 22),
        (251, 212, 84),
        (252, 250, 190),
    ],
    dtype=np.float64,
)
GREY = np.array([0.299, 0.587, 0.114])

# How much of the picture shows through, where nothing and where everything spoke for the class.
COVER = (0.45, 0.65)


def drawn(
    tensor: NDArray[np.float32], preprocessing: Preprocessing, heat: NDArray[np.float64]
) -> bytes:
    """A PNG. `heat` is coarser than the picture, [height, width]; below 0 counts as nothing."""
    picture = _seen(tensor, preprocessing)
    factor = -(-SHORTEST_SIDE // min(picture.size))
    size = (picture.width * factor, picture.height * factor)
    large = np.asarray(picture.resize(size, Image.Resampling.BICUBIC), dtype=np.float64)
    strength = _smooth(heat, size)
    colours = np.stack(
        [
            np.interp(strength, np.linspace(0, 1, len(COLOURS)), COLOURS[:, channel])
            for channel in range(3)
        ],
        axis=-1,
    )
    grey = (large @ GREY)[..., np.newaxis]
    cover = (COVER[0] + (COVER[1] - COVER[0]) * strength)[..., np.newaxis]
    out = io.BytesIO()
    overlaid = Image.fromarray((grey * (1 - cover) + colours * cover).round().astype(np.uint8))
    overlaid.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _seen(tensor: NDArray[np.float32], preprocessing: Preprocessing) -> Image.Image:
    """The network's input as pixels again."""
    pixels = tensor[0].transpose(1, 2, 0).astype(np.float64)
    pixels = (pixels * preprocessing.std + preprocessing.mean) / preprocessing.scale
    return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))


def _smooth(heat: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """From 0 to 1, as fine as the picture."""
    largest = heat.max()
    if largest <= 0:
        return np.zeros((size[1], size[0]))
    coarse = Image.fromarray((heat.clip(0) / largest).astype(np.float32))
    fine = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.float64)
    return fine.clip(0, 1)
