"""One module a format: what a file is made of, what decoding takes, and how it is decoded."""

from __future__ import annotations

from collections.abc import Callable

from dandelion_pictures.formats import gif_and_bmp, heif, jpeg, png, tiff, webp
from dandelion_pictures.formats.source import Source
from dandelion_pictures.signatures import Format

LOOKS: dict[Format, Callable[[bytes], Source]] = {
    Format.JPEG: jpeg.look,
    Format.PNG: png.look,
    Format.WEBP: webp.look,
    Format.HEIF: heif.look,
    Format.TIFF: tiff.look,
    Format.GIF: gif_and_bmp.look_at_gif,
    Format.BMP: gif_and_bmp.look_at_bmp,
}
