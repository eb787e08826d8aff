"""Learning from arrays in memory with a run's own modules, for the measurements beside it."""

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import structlog
import torch
from dandelion_pictures.preprocessing import resized_size
from dandelion_training.data.images.inspect import Geometry, Window, serving_crop, window
from dandelion_training.data.served import normalised, scaled
from dandelion_training.learn.batches import Batches, Examples
from dandelion_training.learn.checkpoint import Checkpoints
from dandelion_training.learn.fit import Listeners, Plan, Saving, fit
from dandelion_training.learn.recipe import class_weights
from dandelion_training.learn.start import Start
from dandelion_training.learn.variation import Augmentation
from dandelion_training.ports.storage import Fetched, Location, StoredObject
from dandelion_training.ports.termination import Termination
from PIL import Image
from torch import nn

# Figures go to standard output, and nothing else does.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

CPU = torch.device("cpu")
BATCH = 32


class Shelf:
    """An object store in a dictionary."""

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        self.objects = dict(objects or {})

    def list(self, prefix: Location, beginning: str = "") -> Iterator[StoredObject]:
        for uri, content in self.objects.items():
            if uri.startswith(f"{prefix}/{beginning}"):
                name, etag = uri.removeprefix(f"{prefix}/"), hashlib.sha256(content).hexdigest()
                yield StoredObject(name, len(content), etag)

    def read(self, location: Location) -> bytes | None:
        return self.objects.get(str(location))

    def fetch(self, location: Location, *, etag: str = "", version_id: str = "") -> Fetched:
        return Fetched(self.objects[str(location)])

    def write(self, location: Location, content: bytes | Path, content_type: str) -> None:
        assert content_type
        self.objects[str(location)] = content.read_bytes() if isinstance(content, Path) else content

    def delete(self, location: Location) -> None:
        self.objects.pop(str(location), None)


def geometry(side: int) -> Geometry:
    """A run's geometry for images of this side."""
    return Geometry(round(side * 1.14), side)


def examples(images: Sequence[Image.Image], labels: Sequence[int], side: int) -> Examples:
    """Images as the training split of a run."""
    shown = geometry(side)
    windows: Mapping[str, Window] = {
        f"{number:06}": window(resized(image, shown), shown) for number, image in enumerate(images)
    }
    return Examples(windows, list(windows), np.array(labels, np.int64), max(labels) + 1)


def resized(image: Image.Image, shown: Geometry) -> Image.Image:
    """As large as its window is cut from."""
    size = resized_size(image.size, shown.resize_short_side)
    return image.resize(size, Image.Resampling.BILINEAR)


@contextmanager
def feeding(
    learnt_from: Examples, side: int, augmentation: Augmentation, threads: int, seed: int = 0
) -> Iterator[Batches]:
    """A run's own batches."""
    with Batches(learnt_from, geometry(side), augmentation, BATCH, seed, threads, CPU) as batches:
        yield batches


def learn(
    network: nn.Module,
    batches: Batches,
    counts: Sequence[int],
    epochs: int,
    *,
    start: Start | None = None,
    bf16: bool = False,
    learning_rate: float = 0.001,
    step: Callable[[float, int, float], None] = lambda *_: None,
) -> float:
    """Train the network in place; the seconds it took."""
    plan = Plan(
        epochs=epochs,
        learning_rate=learning_rate,
        schedule="OneCycle",
        bf16=bf16,
        dataset_digest="",
        class_weights=class_weights(counts),
        start=start or Start(),
    )
    silent = Listeners(step, lambda *_: {}, lambda *_: None)
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Shelf(), Location("models", "bench"), Path(folder))
        saving = Saving(checkpoints, 86400, lambda: 0.0)
        began = time.perf_counter()
        fit(network, batches, plan, saving, None, CPU, silent, Termination())
        return time.perf_counter() - began


def accuracy(
    network: nn.Module, images: Sequence[Image.Image], labels: Sequence[int], side: int
) -> float:
    """The share that is right, of images as they are served."""
    shown = geometry(side)
    crops = [serving_crop(window(image, shown), shown) for image in images]
    network.eval()
    with torch.no_grad():
        answers = torch.cat(
            [
                network(normalised(scaled(crops[at : at + 256]))).argmax(dim=1)
                for at in range(0, len(crops), 256)
            ]
        )
    return float((answers == torch.tensor(list(labels))).double().mean())
