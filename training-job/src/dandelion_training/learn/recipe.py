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

from dandelion_training.learn.network import HEAD
from dandelion_training.learn.start import Start

WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.1
NEW_IN_NEXT = 0.999  # β: the share of what an image tells that no image before it told
MOST_WEIGHT = 20.0  # of an image over one of the largest class; beyond it few images lead the steps
WARM_UP = {"OneCycle": 0.3, "Cosine": 0.05}
START_DIVISOR = 25.0
STAGES = 4  # of a ResNet, between its first convolution and its head
STAGE_DIVISOR = 1.5
FEWEST_EPOCHS = 3  # with fewer, none is left for the head alone


def learning_rate(schedule: str, step: int, steps: int, maximum: float) -> float:
    """Up to the maximum in a straight line, then down to nothing along half a cosine."""
    warm_up = max(1.0, WARM_UP[schedule] * steps)
    if step < warm_up:
        return maximum * (1 / START_DIVISOR + (1 - 1 / START_DIVISOR) * step / warm_up)
    passed = (step - warm_up) / max(1.0, steps - warm_up)
    return maximum * 0.5 * (1 + math.cos(math.pi * min(1.0, passed)))


def adamw(network: nn.Module, *, learnt: bool = False) -> torch.optim.Optimizer:
    """The optimizer; norms and biases are not decayed.

    Each group says in `share` which part of the schedule's rate it takes: all of it, but for the
    layers of a network that starts from learnt weights, the less the nearer they are to the image.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        share = rate_share(name) if learnt else 1.0
        decay = WEIGHT_DECAY if parameter.ndim > 1 else 0.0
        groups.setdefault((share, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "share": share, "weight_decay": decay}
            for (share, decay), parameters in groups.items()
        ],
        fused=True,
    )


def rate_share(parameter: str) -> float:
    """The part of the rate that a learnt parameter takes: all of it in the head and the last stage,
    and less in each stage further towards the image, whose features are the most general (Howard
    and Ruder 2018, Universal Language Model Fine-tuning, discriminative fine-tuning).

    They divide by 2.6 a layer. In the few steps that small datasets have, that left too much
    unlearnt (`make bench ONLY=finetune`: 0.54 instead of 0.67 from 10 images a class).
    """
    stage = parameter.partition(".")[0]
    if stage == HEAD:
        return 1.0
    number = int(stage.removeprefix("layer")) if stage.startswith("layer") else 0
    return STAGE_DIVISOR ** (number - STAGES)


def head_alone(epoch: int, epochs: int, start: Start) -> bool:
    """Whether the body rests in this epoch (from 0): the first of a new head on a learnt body.

    It learns at the highest rate, and the schedule is for the epochs after it. A random head's
    gradients would undo some of what the body knows (Kumar et al. 2022,
    Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution).
    """
    return epoch == 0 and epochs >= FEWEST_EPOCHS and start.learnt and not start.head_kept


def class_weights(counts: Sequence[int]) -> torch.Tensor:
    """How much an image of each class weighs in the loss, float32; 1 on average over the images.

    The inverse of the class's effective number of images, (1 - β^n) / (1 - β): each further image
    tells less that is new (Cui et al. 2019, Class-Balanced Loss Based on Effective Number of
    Samples). Near the inverse frequency for small classes, and the same for classes of thousands.
    """
    numbers = np.array(counts, np.float64)
    weights = (1 - NEW_IN_NEXT) / (1 - NEW_IN_NEXT**numbers)
    weights = np.minimum(weights, MOST_WEIGHT * weights.min())
    # Not `@`: BLAS adds up in another order on another number of processors.
    average = (weights * numbers).sum() / numbers.sum()
    return torch.tensor(weights / average, dtype=torch.float32)


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
