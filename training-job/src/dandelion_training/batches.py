"""Feeds the network: pixels become normalised batches, prepared in threads while the last batch is
being learnt.

Pillow releases the interpreter lock while it resizes, so threads do; worker processes would pickle
every batch on its way. What a batch holds depends on (seed, epoch, image) alone, never on which
thread was first. `fit` and `evaluation` use it.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from dandelion_training.dataset import Dataset
from dandelion_training.images import Geometry, Pixels, serving_crop
from dandelion_training.manifest import Entry
from dandelion_training.network import MEAN, STD
from dandelion_training.recipe import Light, lit, order, varied
from dandelion_training.split import Side

SCALE = 1 / 255
EXAMINED_AT_ONCE = 64

Varied = tuple[Pixels, Light]


def scaled(images: Sequence[Pixels]) -> torch.Tensor:
    """NCHW float32 from 0 to 1."""
    stacked = torch.from_numpy(np.stack(images))
    return stacked.permute(0, 3, 1, 2).to(torch.float32) * SCALE


def normalised(images: torch.Tensor) -> torch.Tensor:
    mean = torch.tensor(MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=images.device).view(1, 3, 1, 1)
    return (images - mean) / std


class Drawn:
    """Images of the training side as inference would see them, one at a time, as often as asked."""

    def __init__(self, batches: "Batches", entries: Sequence[Entry]) -> None:
        self._batches = batches
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        for entry in self._entries:
            yield self._batches.seen([entry]).numpy()


class Batches:
    """The two sides of a dataset as tensors."""

    def __init__(
        self,
        dataset: Dataset,
        geometry: Geometry,
        batch_size: int,
        seed: int,
        threads: int,
        device: torch.device,
    ) -> None:
        self._dataset = dataset
        self._geometry = geometry
        self._batch_size = batch_size
        self._seed = seed
        self._device = device
        self._train = dataset.side(Side.TRAIN)
        self._holdout = dataset.side(Side.HOLDOUT)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="images")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def per_epoch(self) -> int:
        return len(order(self._seed, 0, len(self._train), self._batch_size))

    def training(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """One epoch of varied images and their targets."""
        waiting: deque[tuple[NDArray[np.intp], list[Future[Varied]]]] = deque()
        batches = iter(order(self._seed, epoch, len(self._train), self._batch_size))
        for _ in range(2):
            self._prepare(epoch, batches, waiting)
        while waiting:
            indices, futures = waiting.popleft()
            images, lights = zip(*(future.result() for future in futures), strict=True)
            self._prepare(epoch, batches, waiting)
            inputs = lit(scaled(images).to(self._device), lights)
            yield normalised(inputs), self._targets([self._train[i] for i in indices])

    def holdout(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The holdout exactly as inference would see it, in the order of its keys."""
        for start in range(0, len(self._holdout), EXAMINED_AT_ONCE):
            entries = self._holdout[start : start + EXAMINED_AT_ONCE]
            yield (
                self.seen(entries).to(self._device),
                self._targets(entries),
            )

    def drawn(self, most: int) -> Drawn:
        """So many images of the training side; the same seed draws the same."""
        shuffled = np.random.default_rng([self._seed]).permutation(len(self._train))
        return Drawn(self, [self._train[index] for index in sorted(shuffled[:most])])

    def seen(self, entries: Sequence[Entry]) -> torch.Tensor:
        """Images exactly as inference would see them."""
        return normalised(scaled([self._seen(entry) for entry in entries]))

    def unchanged(self) -> Iterator[torch.Tensor]:
        """Every image as inference would see it, before normalisation."""
        entries = self._dataset.entries
        for start in range(0, len(entries), EXAMINED_AT_ONCE):
            yield scaled([self._seen(e) for e in entries[start : start + EXAMINED_AT_ONCE]])

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
        window = self._dataset.pixels[self._train[index].key]
        return varied(window, self._geometry, (self._seed, epoch, index))

    def _seen(self, entry: Entry) -> Pixels:
        return serving_crop(self._dataset.pixels[entry.key], self._geometry)

    def _targets(self, entries: Sequence[Entry]) -> torch.Tensor:
        return torch.tensor([self._dataset.target(e) for e in entries], device=self._device)
