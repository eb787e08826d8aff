"""Turns the bytes of an upload into the numbers that the network was trained on.

Uploads are hostile until proven otherwise: the format is told from the content by an allow-list,
the size is checked before a pixel is decoded, and whatever a decoder trips over is the file's
fault, not the service's. What comes out is what a viewer would show. Called by
`answer/prediction.py` in worker threads.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from math import ceil
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from dandelion_inference.pictures.errors import Kind, Unreadable
from dandelion_inference.pictures.preprocessing import Preprocessing
from dandelion_inference.pictures.rgb import to_rgb
from dandelion_inference.pictures.signatures import claimed_format, other_format

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
ACCEPTED = "JPEG, PNG, WebP, BMP, GIF or TIFF"

# Pillow's own guard warns a little above its limit and fails far above it.
BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)

# Measured at 49 megapixels: 4 to 10 bytes a pixel at the peak of decoding, but 16 for WebP, whose
# decoder keeps three frames. Half as many pixels keep all formats within the same memory.
WEBP_WEIGHT = 2

# A JPEG is decoded at a half, a quarter or an eighth of its size where that leaves at least this
# many times the pixels that the network wants along each side, so that the resize that follows
# still averages. `make bench ONLY=photos` counts how many answers stay as after a full decode.
DRAFT_MARGIN = 1.375

# From here on, decoding takes so much memory and time that images take turns.
LARGE_PIXELS = 4_000_000

# Each scan of a JPEG is a pass over all of its pixels, however few bytes it has: a file of some
# kilobytes could keep a processor busy for an hour. Encoders write ten. In units of the most pixels
# that are accepted.
MAX_PASSES = 12
SCAN = 0xDAFF  # FF DA, as a little-endian number

TIFF_TILE = (322, 323)  # width and height of a tile: the decoder holds one whole

# Pillow warns on stderr about oddities that it decodes all the same; a client could fill the log.
warnings.filterwarnings("ignore", module=r"PIL\..*")


Given = ParamSpec("Given")
Result = TypeVar("Result")


def _drops_traceback(step: Callable[Given, Result]) -> Callable[Given, Result]:
    """Drops the traceback of a refusal: the frames that it came through.

    They hold the picture, and an error in a future lives until the garbage collector comes by:
    refused pictures would pile up, the largest of them worst.
    """

    @wraps(step)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return step(*args, **kwargs)
        except Unreadable as refusal:
            del args, kwargs
            refusal.__cause__ = refusal.__context__ = None
            raise refusal.with_traceback(None)  # noqa: B904 - that is the point

    return run


@dataclass
class PendingImage:
    """An upload whose header is good, and of which no pixel is decoded yet."""

    reader: Reader
    image: Image.Image | None
    preprocessing: Preprocessing
    large: bool
    """Whether it takes so much memory that it should wait for others like it."""

    @_drops_traceback
    def tensor(self) -> NDArray[np.float32]:
        """NCHW float32; raises Unreadable. Only once: the picture is let go."""
        image, self.image = self.image, None
        assert image is not None
        return self.reader.numbers(image, self.preprocessing)


class Reader:
    """Reads uploads; one instance is shared by all worker threads."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        # The library's own guard, one step behind ours, for frames larger than the file's header.
        Image.MAX_IMAGE_PIXELS = max_pixels

    def tensor(self, data: bytes, preprocessing: Preprocessing) -> NDArray[np.float32]:
        """One image as NCHW float32; raises Unreadable."""
        return self.open(data, preprocessing).tensor()

    @_drops_traceback
    def open(self, data: bytes, preprocessing: Preprocessing) -> PendingImage:
        """What decoding would take, told from the header alone; raises Unreadable."""
        if not data:
            raise Unreadable(Kind.EMPTY, f"The file is empty; send a {ACCEPTED} image.")
        image = self._open(data)
        size = _resized(image.size, preprocessing.resize_short_side)
        self._check_size(image, size)
        self._check_passes(image, data)
        held = image.width * image.height
        if _shrunk_while_decoding(image, size):
            held = image.width * image.height
        return PendingImage(self, image, preprocessing, held > LARGE_PIXELS)

    def _open(self, data: bytes) -> Image.Image:
        try:
            return Image.open(io.BytesIO(data), formats=FORMATS)
        except BOMB as error:
            raise self._too_many_pixels(_named_size(error)) from error
        except UnidentifiedImageError as error:
            raise _unidentified(data) from error
        except Exception as error:
            raise _broken(error) from error

    def _check_size(self, image: Image.Image, resized: tuple[int, int]) -> None:
        width, height = image.size
        weight = WEBP_WEIGHT if image.format == "WEBP" else 1
        if width * height * weight > self._max_pixels:
            raise self._too_many_pixels(
                f"it has {width * height} pixels ({width} x {height})", weight
            )
        if resized[0] * resized[1] > self._max_pixels:
            raise self._too_many_pixels(
                f"it is {width} x {height}, so narrow that resizing its short side "
                f"makes it {resized[0]} x {resized[1]}"
            )

    def _check_passes(self, image: Image.Image, data: bytes) -> None:
        """Whether decoding ends soon and holds no more than the picture's own pixels."""
        pixels = image.width * image.height
        scans = _scans(data) if image.format == "JPEG" else 1
        if scans * pixels > MAX_PASSES * self._max_pixels:
            raise Unreadable(
                Kind.TOO_LARGE,
                f"The image takes too long to decode: its {pixels} pixels come in {scans} scans. "
                f"Save it anew from a viewer.",
            )
        if isinstance(image, TiffImageFile):
            width, height = (_number(image.tag_v2.get(tag)) for tag in TIFF_TILE)
            if width * height > self._max_pixels:
                raise self._too_many_pixels(f"its tiles have {width * height} pixels each")

    def _too_many_pixels(self, what: str, weight: int = 1) -> Unreadable:
        accepted = f"{self._max_pixels // weight} pixels{' of WebP' if weight > 1 else ''}"
        return Unreadable(
            Kind.TOO_LARGE,
            f"The image is too large: {what}; at most {accepted} are accepted. "
            f"Scale it down before sending it.",
        )

    def numbers(self, image: Image.Image, preprocessing: Preprocessing) -> NDArray[np.float32]:
        """What the network takes; raises Unreadable."""
        return _normalised(_cropped(self._decode(image), preprocessing), preprocessing)

    def _decode(self, image: Image.Image) -> Image.Image:
        try:
            image.load()
            _turn_upright(image)
            return to_rgb(image)
        except BOMB as error:
            raise self._too_many_pixels(f"in one frame {_named_size(error)}") from error
        except Unreadable:
            raise
        except Exception as error:
            raise _broken(error) from error


def _scans(data: bytes) -> int:
    """How often the marker of a scan occurs, wherever it means that."""
    # As numbers of two bytes, from the first byte and from the second: `bytes.count` stops at every
    # FF, of which a JPEG is full.
    pairs = (
        np.frombuffer(data, "<u2", offset=start, count=(len(data) - start) // 2)
        for start in range(2)
    )
    return sum(int(np.count_nonzero(pair == SCAN)) for pair in pairs)


def _turn_upright(image: Image.Image) -> None:
    try:
        # In place: a copy of the largest image that is accepted takes 150 MB.
        ImageOps.exif_transpose(image, in_place=True)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the parser of metadata raises almost anything
        # A viewer shows a picture whose metadata is broken, and shows it as it lies.
        return


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _shrunk_while_decoding(image: Image.Image, size: tuple[int, int]) -> bool:
    """Asks the JPEG decoder for as few pixels as do; true where that bounds its memory too.

    Undoing the cosine transform at an eighth of the size costs a fraction of the whole, and the
    large photos of phones are the slowest uploads. A progressive file's coefficients are held
    all at once however few pixels come out.
    """
    if image.format != "JPEG":
        return False
    image.draft(None, (ceil(size[0] * DRAFT_MARGIN), ceil(size[1] * DRAFT_MARGIN)))
    return "progressive" not in image.info


def _resized(size: tuple[int, int], short_side: int) -> tuple[int, int]:
    width, height = size
    if width <= height:
        return short_side, short_side * height // width
    return short_side * width // height, short_side


def _cropped(image: Image.Image, preprocessing: Preprocessing) -> Image.Image:
    width, height = _resized(image.size, preprocessing.resize_short_side)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    crop = preprocessing.center_crop
    left, top = (width - crop) // 2, (height - crop) // 2
    return resized.crop((left, top, left + crop, top + crop))


def _normalised(image: Image.Image, preprocessing: Preprocessing) -> NDArray[np.float32]:
    pixels = np.asarray(image).transpose(2, 0, 1)
    # Plane by plane and in place: no copies of the whole, no steps over interleaved colours.
    planes: NDArray[np.float32] = np.multiply(pixels, np.float32(preprocessing.scale), order="C")
    for plane, mean, std in zip(planes, preprocessing.mean, preprocessing.std, strict=True):
        plane -= np.float32(mean)
        plane /= np.float32(std)
    return planes[np.newaxis]


def _named_size(error: Exception) -> str:
    """Pillow's message is about attacks; the number of pixels in it is what helps."""
    pixels = re.search(r"\d+", str(error))
    return f"it has {pixels.group()} pixels" if pixels else "it has more"


def _unidentified(data: bytes) -> Unreadable:
    other = other_format(data)
    if other is not None:
        return Unreadable(
            Kind.UNSUPPORTED, f"This is {other}; convert it to {ACCEPTED} and send that."
        )
    claimed = claimed_format(data)
    if claimed is not None:
        return Unreadable(
            Kind.TRUNCATED,
            f"The file begins like {claimed}, but its header is truncated or broken. "
            f"Send the whole file.",
        )
    return Unreadable(
        Kind.NOT_AN_IMAGE, f"The content of the file is not an image; send a {ACCEPTED} image."
    )


def _broken(error: Exception) -> Unreadable:
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
