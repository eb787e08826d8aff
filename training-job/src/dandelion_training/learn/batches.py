"""Feeds the network: pixels become varied, normalised batches, prepared in threads while the last
batch is being learnt.

Pillow releases the interpreter lock while it resizes, so threads do; worker processes would pickle
every batch on its way. What a batch holds depends on (seed, epoch, image) alone, never on which
thread was first or where a run went on. `fit` uses it.
"""

import itertools
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray

from dandelion_training.data.images.inspect import Geometry, Pixels, Window
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.served import normalised, scaled
from dandelion_training.data.version.manifest import Entry
from dandelion_training.learn.recipe import batches_per_epoch, order
from dandelion_training.learn.variation import Augmentation, Light, lit, varied

Varied = tuple[Pixels, Light]
PREPARED = 2  # batches that are prepared while one is being learnt


class Windows(Protocol):
    """Where an image's decoded pixels are found by its SHA-256."""

    def __getitem__(self, key: str, /) -> Window: ...


@dataclass(frozen=True)
class Examples:
    """What is learnt from: each image's SHA-256 and the index of its class."""

    windows: Windows
    keys: Sequence[str]
    labels: NDArray[np.int64]
    classes: int

    def counts(self) -> list[int]:
        """The number of images of each class."""
        return [int(count) for count in np.bincount(self.labels, minlength=self.classes)]


def examples(dataset: Dataset) -> Examples:
    """The training split of a dataset."""
    return examples_of(dataset, dataset.subset(Split.TRAIN))


def examples_of(dataset: Dataset, entries: Sequence[Entry]) -> Examples:
    """These images of a dataset, with all of its classes."""
    indices: Mapping[str, int] = {label: index for index, label in enumerate(dataset.classes)}
    labels = np.array([indices[entry.label] for entry in entries], np.int64)
    keys = [entry.sha256 for entry in entries]
    return Examples(dataset.pixels, keys, labels, len(dataset.classes))


class Batches:
    """Images varied anew in every epoch."""

    def __init__(
        self,
        examples: Examples,
        geometry: Geometry,
        augmentation: Augmentation,
        batch_size: int,
        seed: int,
        threads: int,
        device: torch.device,
    ) -> None:
        self._examples = examples
        self._geometry = geometry
        self._augmentation = augmentation
        self._batch_size = batch_size
        self._seed = seed
        self._device = device
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="images")
        self.per_epoch = batches_per_epoch(len(examples.keys), batch_size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def training(self, epoch: int, first: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """One epoch of varied images (NCHW float32) and their targets (N int64), from the batch
        `first` on. What comes before it is not prepared.
        """
        waiting: deque[tuple[NDArray[np.intp], list[Future[Varied]]]] = deque()
        every = order(self._seed, epoch, len(self._examples.keys), self._batch_size)
        batches = itertools.islice(every, first, None)
        for _ in range(PREPARED):
            self._prepare(epoch, batches, waiting)
        while waiting:
            indices, futures = waiting.popleft()
            images, lights = zip(*(future.result() for future in futures), strict=True)
            self._prepare(epoch, batches, waiting)
            inputs = lit(scaled(images).to(self._device), lights)
            targets = torch.from_numpy(self._examples.labels[indices]).to(self._device)
            yield normalised(inputs), targets

    def _prepare(
        self,
        epoch: int,
        batches: Iterator[NDArray[np.intp]],
        waiting: deque[tuple[NDArray[np.intp], list[Future[Varied]]]],
    ) -> None:
        indices = next(batches, None)
        if indices is None:
            return
        futures = [self._pool.submit(self._varied, epoch, int(index)) for index in indices]
        waiting.append((indices, futures))

    def _varied(self, epoch: int, index: int) -> Varied:
        window = self._examples.windows[self._examples.keys[index]]
        return varied(window, self._geometry, self._augmentation, (self._seed, epoch, index))
