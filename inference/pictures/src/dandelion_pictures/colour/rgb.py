"""From any mode to eight opaque bits a channel: transparency over white, deep grey scaled down.

`reader` calls `scaled_up` and `opaque` before the resize, and `srgb` after it, on far fewer pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dandelion_pictures.errors import Kind, Unreadable

WHITE = (255, 255, 255, 255)
STRIP_PIXELS = 250_000
DEPTHS = (8, 10, 12, 14, 16)  # bits that sensors and scanners give
# Resizing these and converting them afterwards shows the same: a step for each channel by itself.
RESIZED_AS_THEY_ARE = frozenset({"L", "RGB", "CMYK", "YCbCr", "LAB"})


def opaque(
    image: Image.Image, significant_bits: int | None = None, white_is_zero: bool = False
) -> Image.Image:
    """The picture in a mode of `RESIZED_AS_THEY_ARE`; raises Unreadable.

    16-bit grey values are scaled by their `significant_bits` if they fit, else by the fewest of
    `DEPTHS` that hold the largest value: cameras store 10 to 14 bits unscaled in 16.
    """
    if image.mode == "F":
        raise Unreadable(
            Kind.UNSUPPORTED,
            "Images of floating-point numbers have no agreed brightness; save it with 8 bits.",
        )
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _from_deep_grey(image, significant_bits, white_is_zero)
    if image.has_transparency_data:
        return _over_white(image)
    if image.mode in RESIZED_AS_THEY_ARE:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def scaled_up(
    image: Image.Image, lower_bytes: Callable[[], Image.Image], declared: int | None = None
) -> Image.Image:
    """The picture of 16-bit colours whose upper bytes are `image`, which is changed: as bright as
    it was taken, by the rule that `opaque` has for grey. Alpha goes with the colours where it has
    no more bits than they.

    Bright pictures stay as they are, and only of others the lower bytes are asked for.
    """
    if _largest(image) >= 1 << (DEPTHS[-2] - 8):
        return image
    lower = lower_bytes()
    clear = lower.info.get("transparency")
    largest = largest_alpha = 0
    for _, values in _deep_strips(image, lower):
        largest = max(largest, int(values[..., :3].max()))
        largest_alpha = max(largest_alpha, int(values[..., 3:].max(initial=0)))
    bits = significant_bits(declared, largest)
    if bits == DEPTHS[-1]:
        return image
    for top, values in _deep_strips(image, lower):
        if largest_alpha >= 1 << bits:
            values[..., 3:] >>= DEPTHS[-1] - bits
        shown = (values >> (bits - 8)).astype(np.uint8)
        image.paste(Image.fromarray(shown), (0, top))
    if isinstance(clear, tuple):
        image.info["transparency"] = tuple(min(value >> (bits - 8), 255) for value in clear)
    return image


def _largest(image: Image.Image) -> int:
    """Of the colours, without alpha."""
    return max(int(np.asarray(strip)[..., :3].max()) for _, strip in _strips(image))


def _deep_strips(
    upper: Image.Image, lower: Image.Image
) -> Iterator[tuple[int, NDArray[np.uint16]]]:
    for (top, high), (_, low) in zip(_strips(upper), _strips(lower), strict=True):
        values = np.asarray(high, np.uint16) << np.uint16(8)
        values |= np.asarray(low, np.uint16)
        yield top, values


def _over_white(image: Image.Image) -> Image.Image:
    # Strip by strip, because the steps between the modes would each take a copy of the whole.
    shown = Image.new("RGB", image.size)
    for top, strip in _strips(image):
        whole = strip.convert("LA") if strip.mode == "La" else strip
        layer = whole.convert("RGBA")
        white = Image.new("RGBA", layer.size, WHITE)
        shown.paste(Image.alpha_composite(white, layer).convert("RGB"), (0, top))
    return shown


def _from_deep_grey(image: Image.Image, declared: int | None, white_is_zero: bool) -> Image.Image:
    largest = max(int(_values(strip).max()) for _, strip in _strips(image))
    bits = significant_bits(declared, largest)
    clear = image.info.get("transparency")
    shown = Image.new("L", image.size)
    for top, strip in _strips(image):
        values = _values(strip)
        grey = (values >> (bits - 8)).astype(np.uint8)
        if white_is_zero:
            grey = 255 - grey
        if isinstance(clear, int):
            grey[values == clear] = 255
        shown.paste(Image.fromarray(grey), (0, top))
    return shown


def significant_bits(declared: int | None, largest: int) -> int:
    """How many bits of 16-bit values mean something, at least 8."""
    if declared and largest < 1 << declared:
        return max(declared, DEPTHS[0])
    return next(bits for bits in DEPTHS if largest < 1 << bits)


def _values(image: Image.Image) -> NDArray[np.uint16]:
    values: NDArray[np.uint16] = np.clip(np.asarray(image), 0, 0xFFFF).astype(np.uint16)
    return values


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Parts of the picture and the row that each begins at."""
    rows = max(1, STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """What `opaque` made as RGB in sRGB: by the profile if it is about these pixels."""
    if image.mode == "YCbCr":
        image = image.convert("RGB")
    if profile is not None or image.mode == "LAB":
        # The colour management is loaded for the first picture that needs it.
        from dandelion_pictures.colour import profiles

        shown = profiles.applied(image, profile) if profile is not None else None
        if shown is not None:
            return shown
        if image.mode == "LAB":
            return profiles.from_lab(image)
    return image if image.mode == "RGB" else image.convert("RGB")
