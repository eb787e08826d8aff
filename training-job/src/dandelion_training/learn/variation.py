"""What is varied in the images of an epoch, so that a network learns what they show instead of the
images themselves.

Pure functions of (seed, epoch, image): an epoch that is begun again looks the same. `light` is what
leaves any label true, of a photo, a digit or a sign alike: where the camera stood and how the light
was. `strong` goes further in the same directions and adds what a label survives without its hue
changing: no solarising, no equalising of single channels, no rotation that makes a 6 a 9. Only
mirroring depends on what the images are of, so it has to be asked for: a mirrored photo is a photo,
a mirrored 2 or left-turn sign is wrong, and nothing in a folder says which of them it holds.
`batches` uses it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from dandelion_training.data.images.inspect import MEAN, Geometry, Pixels, Window, serving_crop
from dandelion_training.ports.settings import Strength

GREY = tuple(round(255 * channel) for channel in MEAN)  # nothing at all, to the network
DETAIL_SIDE = 128  # pixels of an image's side that blurring is measured by


@dataclass(frozen=True)
class Augmentation:
    """What the user asked for."""

    strength: Strength = "light"
    mirror: bool = False


@dataclass(frozen=True)
class Ranges:
    """How far each variation goes at a strength."""

    area: tuple[float, float]  # of the crop, as a share of the largest square
    aspect: tuple[float, float]
    light: tuple[float, float, float]  # brightness, contrast, saturation: factors 1 ± this
    degrees: float = 0.0  # of rotation, to either side
    details: bool = False  # one of DETAILS
    erased: float = 0.0  # share of the images of which a rectangle is erased


ASPECT = (3 / 4, 4 / 3)
LIGHT = Ranges(area=(0.6, 1.0), aspect=ASPECT, light=(0.3, 0.3, 0.3))
STRONG = Ranges(
    area=(0.25, 1.0), aspect=ASPECT, light=(0.5, 0.5, 0.5), degrees=15, details=True, erased=0.25
)
RANGES: dict[Strength, Ranges | None] = {"none": None, "light": LIGHT, "strong": STRONG}
# Zhong et al. 2017, Random Erasing Data Augmentation; theirs goes to a third of the image.
ERASED_AREA = (0.02, 0.2)
ERASED_ASPECT = (0.3, 3.3)


@dataclass(frozen=True)
class Light:
    """How one image's colours are varied: factors round 1."""

    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0


def varied(
    window: Window, geometry: Geometry, augmentation: Augmentation, key: Sequence[int]
) -> tuple[Pixels, Light]:
    """One image as one epoch sees it: crop × crop × 3 pixels, and the light it is to be put in,
    which `lit` does for a whole batch; `key` is (seed, epoch, image).
    """
    chance = np.random.default_rng(list(key))
    ranges = RANGES[augmentation.strength]
    if ranges is None:
        pixels, light = serving_crop(window, geometry), Light()
    else:
        image = _cropped(window, geometry, ranges, chance)
        light = Light(*(float(chance.uniform(1 - by, 1 + by)) for by in ranges.light))
        if ranges.degrees:
            degrees = chance.uniform(-ranges.degrees, ranges.degrees)
            image = image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=GREY)
        if ranges.details:
            change = DETAILS[chance.integers(len(DETAILS))]
            image = change(image, float(chance.uniform()))
        pixels = np.asarray(image)
        if chance.uniform() < ranges.erased:
            pixels = _erased(pixels, chance)
    if augmentation.mirror and chance.uniform() < 0.5:
        pixels = pixels[:, ::-1]
    return pixels, light


def _cropped(
    window: Window, geometry: Geometry, ranges: Ranges, chance: np.random.Generator
) -> Image.Image:
    height, width, _ = window.pixels.shape
    area = chance.uniform(*ranges.area) * min(height, width) ** 2
    aspect = math.exp(chance.uniform(math.log(ranges.aspect[0]), math.log(ranges.aspect[1])))
    crop_width = min(width, math.sqrt(area * aspect))
    crop_height = min(height, math.sqrt(area / aspect))
    left = chance.uniform(0, width - crop_width)
    top = chance.uniform(0, height - crop_height)
    return Image.fromarray(window.pixels).resize(
        (geometry.crop, geometry.crop),
        Image.Resampling.BILINEAR,
        box=(left, top, left + crop_width, top + crop_height),
    )


def _unchanged(image: Image.Image, _: float) -> Image.Image:
    return image


def _stretched(image: Image.Image, share: float) -> Image.Image:
    """The darkest and lightest few per cent become black and white, in all channels alike."""
    return ImageOps.autocontrast(image, cutoff=5 * share, preserve_tone=True)


def _posterized(image: Image.Image, share: float) -> Image.Image:
    return ImageOps.posterize(image, 3 + round(4 * share))


def _sharpened(image: Image.Image, share: float) -> Image.Image:
    return ImageEnhance.Sharpness(image).enhance(2 * share)


def _blurred(image: Image.Image, share: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(1.5 * share * image.width / DETAIL_SIDE))


# One of these an image and how much of it, both drawn evenly, as in Müller and Hutter 2021,
# TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation.
DETAILS: tuple[Callable[[Image.Image, float], Image.Image], ...] = (
    _unchanged,
    _stretched,
    _posterized,
    _sharpened,
    _blurred,
)


def _erased(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    height, width, _ = pixels.shape
    area = chance.uniform(*ERASED_AREA) * height * width
    aspect = math.exp(chance.uniform(math.log(ERASED_ASPECT[0]), math.log(ERASED_ASPECT[1])))
    tall, wide = round(math.sqrt(area / aspect)), round(math.sqrt(area * aspect))
    tall, wide = min(max(1, tall), height), min(max(1, wide), width)
    top = chance.integers(height - tall + 1)
    left = chance.integers(width - wide + 1)
    erased = pixels.copy()
    erased[top : top + tall, left : left + wide] = GREY
    return erased


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
