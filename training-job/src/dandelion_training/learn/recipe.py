"""How a network is trained: optimizer, learning rate, and the order of an epoch.

Everything here is a pure function of the step or of (seed, epoch), so a run that is cut off and
resumed does exactly what the uninterrupted run would have done, without any state of a random
generator to carry along. `fit` and `batches` use it.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.1
NEW_IN_NEXT = 0.999  # β: the share of what an image tells that no image before it told
MOST_WEIGHT = 20.0  # of an image over one of the largest class; beyond it few images lead the steps
WARM_UP = {"OneCycle": 0.3, "Cosine": 0.05}
START_DIVISOR = 25.0


def learning_rate(schedule: str, step: int, steps: int, maximum: float) -> float:
    """Up to the maximum in a straight line, then down to nothing along half a cosine."""
    warm_up = max(1.0, WARM_UP[schedule] * steps)
    if step < warm_up:
        return maximum * (1 / START_DIVISOR + (1 - 1 / START_DIVISOR) * step / warm_up)
    passed = (step - warm_up) / max(1.0, steps - warm_up)
    return maximum * 0.5 * (1 + math.cos(math.pi * min(1.0, passed)))


def adamw(network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer; norms and biases are not decayed."""
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": weights, "weight_decay": WEIGHT_DECAY},
            {"params": others, "weight_decay": 0.0},
        ],
        fused=True,
    )


def class_weights(counts: Sequence[int]) -> torch.Tensor:
    """How much an image of each class weighs in the loss, float32; 1 on average over the images.

    The inverse of the class's effective number of images, (1 - β^n) / (1 - β): each further image
    tells less that is new (Cui et al. 2019, Class-Balanced Loss Based on Effective Number of
    Samples). Near the inverse frequency for small classes, and the same for classes of thousands.
    """
    numbers = np.array(counts, np.float64)
    weights = (1 - NEW_IN_NEXT) / (1 - NEW_IN_NEXT**numbers)
    weights = np.minimum(weights, MOST_WEIGHT * weights.min())
    return torch.tensor(weights * numbers.sum() / (weights @ numbers), dtype=torch.float32)


def batches_per_epoch(images: int, batch_size: int) -> int:
    """A last batch of one image would break batch norm, so there are no more than half as many
    batches as images.
    """
    return max(1, min(math.ceil(images / batch_size), images // 2))


def order(seed: int, epoch: int, images: int, batch_size: int) -> list[NDArray[np.intp]]:
    """One epoch's batches, as the numbers of their images. They are of nearly equal size.

    Shuffling is work for the whole epoch (0.17 s for 800,000 images): ask once an epoch.
    """
    shuffled = np.random.default_rng([seed, epoch]).permutation(images)
    return np.array_split(shuffled, batches_per_epoch(images, batch_size))
