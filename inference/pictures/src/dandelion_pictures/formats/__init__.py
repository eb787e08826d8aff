"""One module a format: what a file is made of, what decoding takes, and how it is decoded."""

from __future__ import annotations

from collections.abc import Callable

from dandelion_pictures.formats import bmp, gif, heif, jpeg, png, tiff, webp
from dandelion_pictures.formats.source import Source
from dandelion_pictures.signatures import Format

LOOKS: dict[Format, Callable[[bytes], Source]] = {
    Format.JPEG: jpeg.look,
    Format.PNG: png.look,
    Format.WEBP: webp.look,
    Format.HEIF: heif.look,
    Format.TIFF: tiff.look,
    Format.GIF: gif.look,
    Format.BMP: bmp.look,
}
