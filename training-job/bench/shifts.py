"""What may become of images after a model was trained, and windows of such images: `drift.py`
measures how soon it shows.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
Places = NDArray[np.int64]
Chance = np.random.Generator

NONE, MIX, UNSEEN = "none", "half of one class", "20 % of an unseen class"


def blurred(share: float) -> Callable[[Pixels, Chance], Pixels]:
    """By a Gaussian whose deviation is this share of the side."""

    def harm(pixels: Pixels, chance: Chance) -> Pixels:
        radius = share * pixels.shape[0]
        return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))

    return harm


def noisy(share: float) -> Callable[[Pixels, Chance], Pixels]:
    """By normal noise whose deviation is this share of the range of values."""
    return lambda pixels, chance: clipped(pixels + chance.normal(0, share * 255, pixels.shape))


def darkened(share: float) -> Callable[[Pixels, Chance], Pixels]:
    """By this share of the range."""
    return lambda pixels, chance: clipped(pixels - share * 255)


def clipped(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


HARMS: Mapping[str, Callable[[Pixels, Chance], Pixels]] = {
    "blur, 4 % of the side": blurred(0.04),
    "blur, 8 %": blurred(0.08),
    "noise, 8 % of the range": noisy(0.08),
    "noise, 16 %": noisy(0.16),
    "darker by 20 % of the range": darkened(0.2),
    "darker by 35 %": darkened(0.35),
}


def drawn(shift: str, size: int, labels: Places, unseen: int, chance: Chance) -> Places:
    """Places of one window among the images of later and the unseen ones behind them."""
    images = len(labels)
    if shift == UNSEEN:
        few = size // 5
        others = images + chance.choice(unseen, few, replace=False)
        return np.append(some(np.arange(images), size - few, chance), others)
    if shift == MIX:
        own = np.flatnonzero(labels == chance.choice(labels))
        return np.append(
            some(np.arange(images), size - size // 2, chance), some(own, size // 2, chance)
        )
    return some(np.arange(images), size, chance)


def some(places: Places, number: int, chance: Chance) -> Places:
    """None of them twice, where there are enough."""
    return np.asarray(chance.choice(places, number, replace=number > len(places)))
