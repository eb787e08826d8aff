"""How much a model loses on worse photos: noise, blur, strong JPEG compression, other light.

Four kinds of harm that cameras, uploads and weather do, at three strengths each, in the spirit of
Hendrycks and Dietterich (2019), "Benchmarking neural network robustness to common corruptions and
perturbations", ICLR. Strengths are relative to the picture, so they mean the same at 64 pixels and
at 224. Every image meets the same harm in every evaluation: chance is seeded by its digest.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]

# Each costs thirteen predictions; 256 tell an accuracy to within three points, which is enough to
# see what a model cannot stand.
IMAGES = 256
BATCH = 32


class Corruption(StrEnum):
    """A kind of harm."""

    NOISE = "noise"
    BLUR = "blur"
    JPEG = "jpeg"
    BRIGHTNESS = "brightness"


# From weak to strong.
STRENGTHS: Mapping[Corruption, tuple[float, float, float]] = {
    Corruption.NOISE: (0.04, 0.08, 0.16),  # standard deviation, as a share of the range of values
    Corruption.BLUR: (0.005, 0.01, 0.02),  # standard deviation, as a share of the shorter side
    Corruption.JPEG: (50, 25, 10),  # Pillow's quality, from 1 to 95
    Corruption.BRIGHTNESS: (0.1, 0.2, 0.35),  # share of the range that is added or taken away
}


@dataclass(frozen=True)
class Example:
    """One image as the model sees it: `pixels` is height × width × 3, `label` its class."""

    sha256: str
    label: int
    pixels: Pixels


@dataclass(frozen=True)
class Robustness:
    """Accuracy on a sample of images: unharmed, and by corruption from weak to strong."""

    images: int
    clean: float
    accuracy: Mapping[Corruption, tuple[float, ...]]


def corrupted(pixels: Pixels, corruption: Corruption, strength: float, sha256: str) -> Pixels:
    """The image of the same shape, harmed; the same for the same digest."""
    # The digest is hexadecimal; one seed a kind of harm, so that strengths differ in degree alone.
    chance = np.random.default_rng([int(sha256, 16), list(Corruption).index(corruption)])
    match corruption:
        case Corruption.NOISE:
            noise = chance.normal(0, strength * 255, pixels.shape)
            return _clipped(pixels + noise)
        case Corruption.BLUR:
            radius = strength * min(pixels.shape[:2])
            return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))
        case Corruption.JPEG:
            return _compressed(pixels, int(strength))
        case Corruption.BRIGHTNESS:
            sign = 1 if chance.random() < 0.5 else -1
            return _clipped(pixels + sign * strength * 255)


def robustness(
    predict: Callable[[Pixels], NDArray[np.float32]],
    examples: Iterable[Example],
    at_most: int = IMAGES,
) -> Robustness | None:
    """Accuracy by corruption and strength on the first `at_most` images; None without images.

    `predict` gets images × height × width × 3, all of one size, and gives images × classes. Which
    images come first is the caller's choice: `sampling` makes it the same for every model.
    """
    harms = [(kind, strength) for kind, three in STRENGTHS.items() for strength in three]
    right = np.zeros(len(harms) + 1, np.int64)
    images = 0
    for batch in _batches(islice(examples, at_most)):
        labels = np.array([example.label for example in batch])
        for place, pixels in enumerate(_views(batch, harms)):
            right[place] += int((predict(pixels).argmax(axis=1) == labels).sum())
        images += len(batch)
    if images == 0:
        return None
    shares = iter((right / images).tolist())
    clean = next(shares)
    return Robustness(
        images,
        clean,
        {kind: tuple(islice(shares, len(three))) for kind, three in STRENGTHS.items()},
    )


def _views(batch: list[Example], harms: list[tuple[Corruption, float]]) -> Iterator[Pixels]:
    """The batch as it is, and then under each harm; one of them at a time is in memory."""
    yield np.stack([example.pixels for example in batch])
    for kind, strength in harms:
        yield np.stack([corrupted(e.pixels, kind, strength, e.sha256) for e in batch])


def _batches(examples: Iterator[Example]) -> Iterator[list[Example]]:
    while batch := list(islice(examples, BATCH)):
        yield batch


def _clipped(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def _compressed(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))
