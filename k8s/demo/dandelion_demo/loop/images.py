"""The story's images: digits that arrive by and by, and what goes wrong with them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from dandelion_demo.data import LabelledImage, digits

CLASSES = 10
BLUR_PIXELS, DARKNESS = 2.0, 0.35

Change = Callable[[Image.Image], Image.Image]


class Coming:
    """Each image arrives once: in the bucket, or as what clients send. Any number of them is like
    any other: as they lie they are of one writer after the other, which is drift of its own.
    """

    def __init__(self) -> None:
        self._images: Iterator[LabelledImage] = iter(sorted(digits().seen, key=_by_chance))

    def next(self, count: int) -> list[LabelledImage]:
        return list(islice(self._images, count))


def mislabelled(images: Iterable[LabelledImage]) -> list[LabelledImage]:
    """Each with another class's label, always the same for one class."""
    return [
        replace(image, label=str((int(image.label) + CLASSES // 2) % CLASSES)) for image in images
    ]


def blurred_and_dark(image: Image.Image) -> Image.Image:
    """A lens out of focus, in the evening."""
    blurred = image.filter(ImageFilter.GaussianBlur(BLUR_PIXELS))
    return ImageEnhance.Brightness(blurred).enhance(DARKNESS)


def negative(image: Image.Image) -> Image.Image:
    """White ink on black."""
    return ImageOps.invert(image)


def changed(images: Iterable[LabelledImage], change: Change) -> list[LabelledImage]:
    return [replace(image, content=_changed(image.content, change)) for image in images]


def labels(images: Iterable[LabelledImage]) -> dict[str, str]:
    """What each image shows, by the SHA-256 of its file."""
    return {hashlib.sha256(image.content).hexdigest(): image.label for image in images}


def _by_chance(image: LabelledImage) -> bytes:
    """The same order in every story."""
    return hashlib.sha256(image.content).digest()


def _changed(content: bytes, change: Change) -> bytes:
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        change(image).save(buffer, "PNG")
    return buffer.getvalue()
