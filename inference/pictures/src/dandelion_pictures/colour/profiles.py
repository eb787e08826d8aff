"""From a picture's own colours to sRGB, by the profile that its file brings.

Done after the resize, on as few pixels as there are then. Pictures without a profile never load the
colour management, and those whose profile turns out to be sRGB pay for a look into a table.
"""

from __future__ import annotations

import hashlib
import io
import struct
import threading
from collections import OrderedDict

import numpy as np
from PIL import Image, ImageCms

# As many as cameras and editors in one dataset have; each takes up to 2 MB.
KEPT_TRANSFORMS = 16
# The colours that a profile may speak of, by the mode of the pixels (ICC.1, 7.2.6).
SPACES = {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK", "LAB": b"Lab "}
MAGIC = slice(36, 40)
SPACE = slice(16, 20)
TAGS, TAG = 128, struct.Struct(">4sII")
MOST_TAGS = 100  # which the library reads no more of
# Steps of what a profile can say in a program of its own (ICC.1:2022, 10.16): those that are in use
# have some ten. Each takes a few milliseconds to sample, and a megabyte can name 100,000.
ELEMENTS, MOST_ELEMENTS = b"mpet", 16
STEPS = 9  # of each colour, when a transform is asked whether it changes anything


class Transforms:
    """The transforms that were needed last; shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[bytes, str], ImageCms.ImageCmsTransform | None]
        self._kept = OrderedDict()

    def of(self, profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
        """What brings pixels of this mode to sRGB, or nothing: a viewer ignores a profile that is
        broken or of other colours than the pixels, and one that changes nothing is not applied."""
        key = hashlib.sha256(profile).digest(), mode
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = _transform(profile, mode)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT_TRANSFORMS:
                self._kept.popitem(last=False)
        return made

    def __len__(self) -> int:
        return len(self._kept)


TRANSFORMS = Transforms()


def applied(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture as RGB in sRGB, or nothing where its profile says nothing about it."""
    if profile[MAGIC] != b"acsp" or profile[SPACE] != SPACES.get(image.mode):
        return None
    if _elements(profile) > MOST_ELEMENTS:
        return None
    transform = TRANSFORMS.of(profile, image.mode)
    return None if transform is None else transform.apply(image)


def from_lab(image: Image.Image) -> Image.Image:
    """CIE L*a*b* as RGB in sRGB; nothing else in the library converts it."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    return _between(lab, "LAB").apply(image)


def _elements(profile: bytes) -> int:
    """The most steps that one of the profile's programs has."""
    count = int.from_bytes(profile[TAGS : TAGS + 4], "big")
    room = max(0, len(profile) - TAGS - 4) // TAG.size
    most = 0
    for number in range(min(count, room, MOST_TAGS)):
        _, start, _ = TAG.unpack_from(profile, TAGS + 4 + number * TAG.size)
        if profile[start : start + 4] == ELEMENTS:
            most = max(most, int.from_bytes(profile[start + 12 : start + 16], "big"))
    return most


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        transform = _between(ImageCms.ImageCmsProfile(io.BytesIO(profile)), mode)
        return None if mode == "RGB" and _changes_nothing(transform) else transform
    except Exception:  # noqa: BLE001 - profiles are strangers' bytes; a viewer ignores a broken one
        return None


def _between(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.PERCEPTUAL,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether no colour of a grid over all of them moves by more than a step of rounding."""
    axis = np.linspace(0, 255, STEPS).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(STEPS, -1, 3)
    shown = np.asarray(transform.apply(Image.fromarray(grid)), np.int16)
    return bool((np.abs(shown - grid.astype(np.int16)) <= 1).all())
