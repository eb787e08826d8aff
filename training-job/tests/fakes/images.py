"""Images of two classes, and a dataset of them in the object store."""

import io
from typing import Any

import numpy as np
from fakes.s3 import MemoryStore
from PIL import Image


def picture(
    seed: int, colour: tuple[int, int, int] = (128, 128, 128), side: int = 40
) -> Image.Image:
    """A picture of its own for each seed, tinted, so that classes can be told apart."""
    noise = np.random.default_rng(seed).integers(-60, 60, (side, side, 3))
    return Image.fromarray(np.clip(noise + np.array(colour), 0, 255).astype(np.uint8))


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def with_dataset(store: MemoryStore, uri: str, images: int = 12) -> None:
    """Two classes that a network can learn in a moment."""
    for label, colour in (("blue", (40, 60, 200)), ("yellow", (220, 200, 40))):
        for number in range(images):
            seed = number if label == "blue" else 1000 + number
            store.objects[f"{uri}/{label}/{number:03d}.png"] = encoded(picture(seed, colour))
