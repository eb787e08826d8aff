"""How a network is trained: optimizer, learning rate and what is varied in the pictures.

Everything here is a pure function of (seed, epoch, image) or of the step, so a run that is cut off
and resumed does exactly what the uninterrupted run would have done, without any state of a random
generator to carry along. `fit` uses it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from dandelion_training.data.images.inspect import Geometry, Pixels, Window

WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.1
WARM_UP = {"OneCycle": 0.3, "Cosine": 0.05}
START_DIVISOR = 25.0

# Variations that leave any label true, of a photo, a digit or a sign alike: where the camera stood
# and how the light was. No mirroring: a mirrored photo is a photo, but a mirrored 2 or left-turn
# sign is wrong, and nothing in a folder of images says which of them it holds.
CROP_AREA = (0.6, 1.0)
CROP_ASPECT = (3 / 4, 4 / 3)
BRIGHTNESS = 0.3
CONTRAST = 0.3
SATURATION = 0.3


def learning_rate(schedule: str, step: int, steps: int, maximum: float) -> float:
    """Up to the maximum in a straight line, then down to nothing along half a cosine."""
    warm_up = max(1.0, WARM_UP[schedule] * steps)
    if step < warm_up:
        return maximum * (1 / START_DIVISOR + (1 - 1 / START_DIVISOR) * step / warm_up)
    passed = (step - warm_up) / max(1.0, steps - warm_up)
    return maximum * 0.5 * (1 + math.cos(math.pi * min(1.0, passed)))


def adamw(network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer; norms and biases are not decayed."""
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": weights, "weight_decay": WEIGHT_DECAY},
            {"params": others, "weight_decay": 0.0},
        ],
        fused=True,
    )


def batches_per_epoch(images: int, batch_size: int) -> int:
    """A last batch of one image would break batch norm, so there are no more than half as many
    batches as images.
    """
    return max(1, min(math.ceil(images / batch_size), images // 2))


def order(seed: int, epoch: int, images: int, batch_size: int) -> list[NDArray[np.intp]]:
    """One epoch's batches, as the numbers of their images. They are of nearly equal size.

    Shuffling is work for the whole epoch (0.17 s for 800,000 images): ask once an epoch.
    """
    shuffled = np.random.default_rng([seed, epoch]).permutation(images)
    return np.array_split(shuffled, batches_per_epoch(images, batch_size))


@dataclass(frozen=True)
class Light:
    """How one image's colours are varied: factors round 1."""

    brightness: float
    contrast: float
    saturation: float


def varied(window: Window, geometry: Geometry, key: Sequence[int]) -> tuple[Pixels, Light]:
    """One image as one epoch sees it; `key` is (seed, epoch, image)."""
    chance = np.random.default_rng(list(key))
    height, width, _ = window.pixels.shape
    area = chance.uniform(*CROP_AREA) * min(height, width) ** 2
    aspect = math.exp(chance.uniform(math.log(CROP_ASPECT[0]), math.log(CROP_ASPECT[1])))
    crop_width = min(width, math.sqrt(area * aspect))
    crop_height = min(height, math.sqrt(area / aspect))
    left = chance.uniform(0, width - crop_width)
    top = chance.uniform(0, height - crop_height)
    image = Image.fromarray(window.pixels).resize(
        (geometry.crop, geometry.crop),
        Image.Resampling.BILINEAR,
        box=(left, top, left + crop_width, top + crop_height),
    )
    light = Light(
        *(float(chance.uniform(1 - by, 1 + by)) for by in (BRIGHTNESS, CONTRAST, SATURATION))
    )
    return np.asarray(image), light


def lit(images: torch.Tensor, lights: Sequence[Light]) -> torch.Tensor:
    """A batch (NCHW, 0 to 1) in its varied light."""

    def factor(values: list[float]) -> torch.Tensor:
        return torch.tensor(values, dtype=images.dtype, device=images.device).view(-1, 1, 1, 1)

    images = images * factor([light.brightness for light in lights])
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = mean + (images - mean) * factor([light.contrast for light in lights])
    grey = images.mean(dim=1, keepdim=True)
    images = grey + (images - grey) * factor([light.saturation for light in lights])
    return images.clamp(0, 1)
