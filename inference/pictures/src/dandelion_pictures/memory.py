"""What the reader's own steps hold beside what a decoder does: the picture turned opaque, resized.

`reader` asks it before anything is decoded, with what a look into the file has found out. Pictures
are held by Pillow, whose modes of more than one channel take four bytes a pixel.
"""

from __future__ import annotations

from dandelion_pictures.colour.rgb import RESIZED_AS_THEY_ARE, STRIP_PIXELS
from dandelion_pictures.cost import DEEP_GREY_WORK, TRANSPARENCY_WORK, Cost, picture_bytes
from dandelion_pictures.formats.source import Source
from dandelion_pictures.preprocessing import Size

RGB_BYTES = 4
DEEP_GREY = "I;16"
TRANSPARENT = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
# Strips are worked on in numpy and Pillow, in copies of some modes and types.
STRIP_BYTES = 24
DEEP_STRIP_BYTES = 48
# Whatever is made for the picture and small: coefficients of the resize, the tensor.
SIDE_BYTES = 64
# Resized, turned upright, in sRGB.
RESIZED_COPIES = 3
SMALL_THINGS = 1_000_000


def whole(source: Source, scale: int, resized: Size) -> Cost:
    """What it takes to read a file from its bytes to the picture of the size `resized`."""
    decoding = source.cost(scale)
    width, height = (-(-side // scale) for side in source.size)
    pixels = width * height
    strip = min(pixels, STRIP_PIXELS + width)
    mode, work = source.mode, decoding.work
    picture = pixels * picture_bytes(mode)
    held = source.held + picture
    shown, strips = 0, 0
    if mode == "I" or mode.startswith(DEEP_GREY):
        shown, strips = pixels, strip * STRIP_BYTES
        work += pixels * DEEP_GREY_WORK
    elif source.transparent or mode in TRANSPARENT:
        shown, strips = pixels * RGB_BYTES, strip * STRIP_BYTES
        work += pixels * TRANSPARENCY_WORK
    elif mode not in RESIZED_AS_THEY_ARE:
        shown = pixels * (1 if mode == "1" else RGB_BYTES)
    both = 2 * picture + strip * DEEP_STRIP_BYTES if source.lower_bytes is not None else 0
    # The resize goes over the width first, then over the height of what that gives.
    between = resized[0] * height * (shown // pixels if shown else picture_bytes(mode))
    copies = RESIZED_COPIES * resized[0] * resized[1] * RGB_BYTES
    peak = max(
        decoding.memory,
        source.held + both,
        held + shown + strips,
        held + shown + between + copies,
    )
    small = SIDE_BYTES * (width + height + sum(resized)) + SMALL_THINGS
    return Cost(peak + small, work, decoding.passes)
