"""The lower bytes of 16-bit colours, of which Pillow keeps the upper ones.

Pillow has no mode of 16 bits a channel, and decodes such a file to its upper bytes. Told that the
file's bytes are in the other order, the same decoder gives the lower ones; the two together are the
whole. It is a second pass, and made for dark pictures alone. What it does not reach: grey with
alpha in 16-bit PNGs, and colours of 16-bit TIFFs that are inks or were multiplied with their alpha.
"""

from __future__ import annotations

import re
import sys

from PIL import Image
from PIL.ImageFile import ImageFile

from dandelion_pictures.cost import Cost

RAW_MODE = re.compile(r"(RGB|RGBA|RGBX);16([BLN])")
NATIVE = {"little": "L", "big": "B"}[sys.byteorder]
OTHER = {"L": "B", "B": "L"}


def is_deep(image: ImageFile) -> bool:
    """Whether the lower bytes of a file that was opened and not loaded can be had."""
    return bool(image.tile) and all(RAW_MODE.fullmatch(_raw_mode(tile.args)) for tile in image.tile)


def both_passes(cost: Cost) -> Cost:
    """From the cost of one; `memory` counts that both pictures are held at a time."""
    return Cost(cost.memory, 2 * cost.work, cost.passes)


def lower_bytes(image: ImageFile) -> Image.Image:
    """Loads a file that `is_deep`."""
    image.tile = [tile._replace(args=_swapped(tile.args)) for tile in image.tile]
    image.load()
    return image


def _raw_mode(args: object) -> str:
    """The decoder's first argument, which may be its only one."""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _swapped(args: object) -> str | tuple[object, ...]:
    found = RAW_MODE.fullmatch(_raw_mode(args))
    assert found is not None
    mode, order = found.groups()
    other = f"{mode};16{OTHER[NATIVE if order == 'N' else order]}"
    return (other, *args[1:]) if isinstance(args, tuple) else other
