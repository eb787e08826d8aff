"""A few images to learn from, without a store and a dataset."""

from collections.abc import Sequence

import numpy as np
import torch
from dandelion_training.data.images.inspect import Geometry, Window, window
from dandelion_training.learn.batches import Batches, Examples
from dandelion_training.learn.variation import Augmentation
from fakes import picture

GEOMETRY = Geometry(36, 32)
BLUE, YELLOW = (40, 60, 200), (220, 200, 40)


class Looked(dict[str, Window]):
    """Windows that remember which were looked at."""

    def __init__(self, windows: dict[str, Window]) -> None:
        super().__init__(windows)
        self.keys_seen: list[str] = []

    def __getitem__(self, key: str) -> Window:
        self.keys_seen.append(key)
        return super().__getitem__(key)


def tinted(
    counts: Sequence[int], colours: Sequence[tuple[int, int, int]] = (BLUE, YELLOW)
) -> Examples:
    """So many images of each class, told apart by their colour."""
    labels = np.repeat(np.arange(len(counts)), counts)
    windows = {
        f"{number:03}": window(picture(number, colours[label]), GEOMETRY)
        for number, label in enumerate(labels)
    }
    return Examples(Looked(windows), list(windows), labels)


def batches_of(learnt_from: Examples, batch_size: int = 10, seed: int = 0) -> Batches:
    light = Augmentation()
    cpu = torch.device("cpu")
    return Batches(learnt_from, GEOMETRY, light, batch_size, seed, threads=1, device=cpu)
