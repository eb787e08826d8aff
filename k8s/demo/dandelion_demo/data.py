"""The images that the demo trains on, and the ones it keeps back to ask about afterwards.

Either scikit-learn's handwritten digits, drawn as PNG files, or any folder with one folder per
class, which may lie in folders of a split (train, val) as for torchvision's ImageFolder. One image
of every class never leaves this machine, so that the prediction the demo ends with is of an image
the model cannot have seen.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

IMAGE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
        *(".avif", ".heic", ".heif"),
    }
)
SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})
DIGIT_SIDE = 32


class DataError(Exception):
    """The folder cannot be trained on; the message says why and what to do."""


@dataclass(frozen=True)
class LabelledImage:
    """One image file: its class, its file name, and its bytes as they will be uploaded; `split` is
    the folder that its class folder lies in, empty where there is none.
    """

    label: str
    name: str
    content: bytes
    split: str = ""

    @property
    def key(self) -> str:
        """The object name below the dataset's prefix: as the file lies in its folder."""
        return "/".join(part for part in (self.split, self.label, self.name) if part)


@dataclass(frozen=True)
class Dataset:
    """What is uploaded (`seen`) and what is kept back (`unseen`, one image a class)."""

    name: str
    seen: Sequence[LabelledImage]
    unseen: Sequence[LabelledImage]

    @property
    def classes(self) -> list[str]:
        """The class names in order."""
        return sorted({image.label for image in self.seen})


def digits() -> Dataset:
    """Scikit-learn's 1,797 handwritten digits (8 × 8 pixels) as PNG files of 32 × 32 pixels."""
    source = load_digits()
    images = [
        LabelledImage(str(label), f"{number:04}.png", _png(pixels))
        for number, (pixels, label) in enumerate(zip(source.images, source.target, strict=True))
    ]
    return _keep_one_back("digits", images)


def from_folder(folder: Path) -> Dataset:
    """The images below `folder`, one folder per class.

    Raises:
        DataError: no such folder, fewer than two classes, or a class with fewer than six images
            (one is kept back, five are the least that training accepts).
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder. Give one that holds one folder per class.")
    images = list(_read(folder))
    counts: dict[str, int] = {}
    for image in images:
        counts[image.label] = counts.get(image.label, 0) + 1
    if len(counts) < 2:
        raise DataError(
            f"{folder} holds {len(counts)} folder(s) with images; a classifier needs at least two, "
            "one per class, named as the class."
        )
    for label, count in sorted(counts.items()):
        if count < 6:
            raise DataError(f"{folder / label} holds {count} image(s); at least 6 are needed.")
    return _keep_one_back(resource_name(folder.resolve().name), images)


def resource_name(folder_name: str) -> str:
    """A ModelDeployment's name made of a folder's: a DNS label of at most 42 characters."""
    name = re.sub(r"[^a-z0-9]+", "-", folder_name.lower()).strip("-")
    name = name if name[:1].isalpha() else f"model-{name}".rstrip("-")
    return name[:42].rstrip("-")


def _read(folder: Path) -> Iterator[LabelledImage]:
    tops = _folders(folder)
    if tops and all(top.name.lower() in SPLITS and _folders(top) for top in tops):
        for top in tops:
            yield from _of_classes(_folders(top), top.name)
    else:
        yield from _of_classes(tops, "")


def _of_classes(folders: Sequence[Path], split: str) -> Iterator[LabelledImage]:
    for label in folders:
        for path in sorted(label.iterdir()):
            if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES:
                yield LabelledImage(label.name, path.name, path.read_bytes(), split)


def _folders(folder: Path) -> list[Path]:
    """Without those of tools, whose names begin with a dot."""
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _keep_one_back(name: str, images: Sequence[LabelledImage]) -> Dataset:
    # The choice follows the content, so that a second run keeps the same images back.
    unseen: Mapping[str, LabelledImage] = {
        image.label: image
        for image in sorted(images, key=lambda image: hashlib.sha256(image.content).hexdigest())
    }
    kept = set(map(id, unseen.values()))
    copies = {image.content for image in unseen.values()}
    seen = [i for i in images if id(i) not in kept and i.content not in copies]
    return Dataset(name, seen, [unseen[label] for label in sorted(unseen)])


def _png(pixels: np.ndarray) -> bytes:
    """Dark ink on white; scikit-learn's digits hold 0 to 16, ink being high."""
    image = Image.fromarray((255 - pixels * (255 / 16)).astype(np.uint8))
    buffer = io.BytesIO()
    image.resize((DIGIT_SIDE, DIGIT_SIDE), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()
