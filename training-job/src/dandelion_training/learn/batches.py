"""Feeds the network: pixels become varied, normalised batches, prepared in threads while the last
batch is being learnt.

Pillow releases the interpreter lock while it resizes, so threads do; worker processes would pickle
every batch on its way. What a batch holds depends on (seed, epoch, image) alone, never on which
thread was first. `fit` uses it.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from dandelion_training.data.images.inspect import Geometry, Pixels
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.served import normalised, scaled, targets
from dandelion_training.learn.recipe import Light, lit, order, varied

Varied = tuple[Pixels, Light]


class Batches:
    """The training split of a dataset, varied anew in every epoch."""

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
        self._train = dataset.subset(Split.TRAIN)
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
            entries = [self._train[index] for index in indices]
            yield normalised(inputs), targets(entries, self._dataset.classes, self._device)

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
        window = self._dataset.pixels[self._train[index].sha256]
        return varied(window, self._geometry, (self._seed, epoch, index))
