"""A few images to learn from, and learning from them, without a dataset."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from dandelion_training.data.images.inspect import Geometry, Window, window
from dandelion_training.learn.batches import Batches, Examples
from dandelion_training.learn.checkpoint import Checkpoints
from dandelion_training.learn.fit import Listeners, Plan, Saving, fit
from dandelion_training.learn.variation import Augmentation
from dandelion_training.ports.storage import Location
from dandelion_training.ports.termination import Termination
from fakes.images import picture
from fakes.s3 import MemoryStore
from torch import nn

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
    return Examples(Looked(windows), list(windows), labels, len(counts))


def batches_of(learnt_from: Examples, batch_size: int = 10, seed: int = 0) -> Batches:
    light = Augmentation()
    cpu = torch.device("cpu")
    return Batches(learnt_from, GEOMETRY, light, batch_size, seed, threads=1, device=cpu)


def _unheard(*_: object) -> None:
    return


def learn(
    network: nn.Module,
    learnt_from: Examples,
    plan: Plan,
    work: Path,
    after_epoch: Callable[[nn.Module], None] = lambda network: None,
) -> None:
    """Train the network in place, on the processor."""

    def evaluated(epoch: int, network: nn.Module) -> dict[str, float]:
        after_epoch(network)
        return {}

    tell = Listeners(step=_unheard, evaluated=evaluated, epoch=_unheard)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    checkpoints = Checkpoints(MemoryStore(), Location("models", "run"), work)
    saving = Saving(checkpoints, 600, lambda: 0.0)
    cpu = torch.device("cpu")
    with batches_of(learnt_from) as batches:
        fit(network, batches, plan, saving, None, cpu, tell, Termination())
