"""Opens files by their content, decodes them and turns them upright.

Files are hostile until proven otherwise: what decoding takes is counted before a pixel is decoded,
and whatever a decoder trips over is the file's fault. Serving calls `tensor`, training cuts a
larger window out of the same `resized` picture.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import wraps
from math import ceil
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dandelion_pictures import memory
from dandelion_pictures.colour import rgb
from dandelion_pictures.cost import Cost, Limits
from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.formats import LOOKS
from dandelion_pictures.formats.source import Source
from dandelion_pictures.preprocessing import Preprocessing, Size, resized_size, to_tensor
from dandelion_pictures.signatures import ACCEPTED, claimed_format, format_of, other_format

# A JPEG is decoded at a half, a quarter or an eighth of its size where that leaves at least this
# many times the pixels that the network wants along each side, so that the resize that follows
# still averages. `make bench ONLY=photos` counts how many answers stay as after a full decode.
SCALE_MARGIN = 1.375

# How a stored picture is turned upright, by its orientation (EXIF 2.3, tag 0x0112).
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING = frozenset({5, 6, 7, 8})

# Pillow's own guard counts what a header claims, and only far above any limit here.
BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)

# Pillow warns on stderr about oddities that it decodes all the same; a client could fill the log.
warnings.filterwarnings("ignore", module=r"PIL\..*")

Given = ParamSpec("Given")
Result = TypeVar("Result")


def _drops_traceback(step: Callable[Given, Result]) -> Callable[Given, Result]:
    """Turns whatever a step raises into an Unreadable without the frames that it came through.

    They hold the picture, and an error in a future lives until the garbage collector comes by:
    refused pictures would pile up, the largest of them worst.
    """

    @wraps(step)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return step(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - decoders raise almost anything
            del args, kwargs
            refusal = error if isinstance(error, Unreadable) else _unreadable(error)
            refusal.__cause__ = refusal.__context__ = None
            refusal = refusal.with_traceback(None)
        # Outside of the clause, so that what was caught does not come back as its context.
        try:
            raise refusal
        finally:
            del refusal

    return run


class PendingImage:
    """A file whose header is good, and of which no pixel is decoded yet."""

    def __init__(
        self, source: Source, scale: int, cost: Cost, preprocessing: Preprocessing
    ) -> None:
        self._source: Source | None = source
        self._scale = scale
        self._preprocessing = preprocessing
        self.format = source.format
        """What people call it: "JPEG", "HEIC"."""
        self.size = _upright(source.size, source.orientation)
        """Width and height of the whole picture, upright, in pixels."""
        self.cost = cost
        """What decoding takes."""

    def resized(self) -> Image.Image:
        """Upright, RGB, sRGB, its short side as the preprocessing wants it; raises Unreadable.

        Only once: the file is let go.
        """
        if self._source is None:
            raise RuntimeError("an image is decoded once")
        return self._resized()

    @_drops_traceback
    def _resized(self) -> Image.Image:
        source, self._source = self._source, None
        assert source is not None
        upright = resized_size(self.size, self._preprocessing.resize_short_side)
        size = _upright(upright, source.orientation)
        image = _decoded(source, self._scale).resize(
            size, Image.Resampling.BILINEAR, box=_box(source.size, self._scale)
        )
        if source.orientation in TURNS:
            image = image.transpose(TURNS[source.orientation])
        return rgb.srgb(image, source.profile)

    def tensor(self) -> NDArray[np.float32]:
        """NCHW float32, as the network takes it; raises Unreadable. Only once, as `resized`."""
        return to_tensor(self.resized(), self._preprocessing)


class Reader:
    """Reads files within its caller's limits; one instance may be shared by all threads."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - it is frozen
        self._limits = limits

    @_drops_traceback
    def open(self, data: bytes, preprocessing: Preprocessing) -> PendingImage:
        """What the file is and what decoding it takes, told from its content; raises Unreadable."""
        if not data:
            raise Unreadable(Kind.EMPTY, f"The file is empty; it should be a {ACCEPTED} image.")
        found = format_of(data)
        if found is None:
            raise _unidentified(data)
        try:
            source = LOOKS[found](data)
        except SyntaxError as error:  # what Pillow's plugins raise where a header makes no sense
            raise _broken_header(data) from error
        resized = resized_size(
            _upright(source.size, source.orientation), preprocessing.resize_short_side
        )
        stored = _upright(resized, source.orientation)
        scale = _scale(source, stored)
        cost = memory.whole(source, scale, stored)
        pending = PendingImage(source, scale, cost, preprocessing)
        self._limits.check(pending.size, resized, pending.cost, source.format)
        return pending

    @_drops_traceback
    def tensor(self, data: bytes, preprocessing: Preprocessing) -> NDArray[np.float32]:
        """A file as NCHW float32; raises Unreadable."""
        return self.open(data, preprocessing).tensor()


def _decoded(source: Source, scale: int) -> Image.Image:
    image = source.decode(scale)
    if source.lower_bytes is not None:
        image = rgb.scaled_up(image, source.lower_bytes, source.significant_bits)
    return rgb.opaque(image, source.significant_bits, source.white_is_zero)


def _upright(size: Size, orientation: int) -> Size:
    """A stored size after turning, or an upright one before it."""
    return (size[1], size[0]) if orientation in LYING else size


def _scale(source: Source, resized: Size) -> int:
    """The most that the decoder may divide by: undoing the cosine transform at an eighth of the
    size costs a fraction of the whole, and the large photos of phones are the slowest files."""
    width, height = source.size
    wanted = [ceil(side * SCALE_MARGIN) for side in resized]
    for scale in source.scales:
        if width // scale >= wanted[0] and height // scale >= wanted[1]:
            return scale
    return 1


def _box(stored: Size, scale: int) -> tuple[float, float, float, float] | None:
    """The picture within what was decoded, which is filled up to whole pixels at its edges."""
    return (0, 0, stored[0] / scale, stored[1] / scale) if scale > 1 else None


def _unreadable(error: Exception) -> Unreadable:
    if isinstance(error, BOMB):
        pixels = re.search(r"\d+", str(error))
        more = f"{pixels.group()} pixels" if pixels else "too many pixels"
        return Unreadable(Kind.TOO_LARGE, f"The image is too large: it has {more}. Scale it down.")
    if isinstance(error, MemoryError):
        return Unreadable(
            Kind.TOO_LARGE, "The image takes more memory than there is. Scale it down."
        )
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return Unreadable(
            Kind.TRUNCATED,
            "The image is truncated: it ends before all of its pixels, as if cut off on the way. "
            "Send the whole file.",
        )
    return Unreadable(
        Kind.BROKEN,
        f"The image cannot be decoded ({type(error).__name__}). Save it anew from a viewer.",
    )


def _unidentified(data: bytes) -> Unreadable:
    other = other_format(data)
    if other is not None:
        return Unreadable(
            Kind.UNSUPPORTED, f"This is {other}; convert it to {ACCEPTED} and send that."
        )
    if claimed_format(data) is not None:
        return _broken_header(data)
    return Unreadable(
        Kind.NOT_AN_IMAGE, f"The content of the file is not an image; send a {ACCEPTED} image."
    )


def _broken_header(data: bytes) -> Unreadable:
    return Unreadable(
        Kind.TRUNCATED,
        f"The file begins like {claimed_format(data) or 'an image'}, but its header is truncated "
        f"or broken. Send the whole file.",
    )
