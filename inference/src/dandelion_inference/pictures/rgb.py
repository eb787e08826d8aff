"""What a viewer would show of a picture, whatever its pixels are. Called by `reader.py`."""

from __future__ import annotations

import numpy as np
from PIL import Image

from dandelion_inference.pictures.errors import Kind, Unreadable

WHITE = (255, 255, 255, 255)
STRIP_PIXELS = 1_000_000


def to_rgb(image: Image.Image) -> Image.Image:
    """What a viewer would show: transparency over white, 16-bit grey scaled down, not clipped."""
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    shown = Image.new("RGB", image.size)
    # Strip by strip, because the steps between the modes would each take a copy of the whole.
    rows = max(1, STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        shown.paste(_strip_to_rgb(strip), (0, top))
    return shown


def _strip_to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise Unreadable(
            Kind.UNSUPPORTED,
            "Images of floating-point numbers have no agreed brightness; save it with 8 bits.",
        )
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
        return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, WHITE), layer).convert("RGB")
    return image.convert("RGB")
