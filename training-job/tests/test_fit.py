"""What a network learns from classes of very different sizes."""

from pathlib import Path

import numpy as np
import torch
from dandelion_training.data.images.inspect import Window, serving_crop, window
from dandelion_training.data.served import normalised, scaled
from dandelion_training.learn.batches import Examples
from dandelion_training.learn.fit import Plan
from dandelion_training.learn.recipe import class_weights
from dandelion_training.learn.start import Start
from fakes import picture
from learning import GEOMETRY, learn
from quick import build
from torch import nn

COMMON, RARE = (118, 128, 138), (138, 128, 118)  # tints that the noise of single images hides
MANY, FEW = 190, 10


def noisy(number: int, tint: tuple[int, int, int], side: int = 40) -> Window:
    """A tint under a cast of its own for each image, so that the classes overlap."""
    cast = np.random.default_rng([1, number]).normal(0, 12, 3)
    colour = tuple(int(channel + by) for channel, by in zip(tint, cast, strict=True))
    return window(picture(number, colour, side), GEOMETRY)


def uneven() -> Examples:
    labels = np.array([0] * MANY + [1] * FEW)
    windows = {
        str(number): noisy(number, (COMMON, RARE)[label]) for number, label in enumerate(labels)
    }
    return Examples(windows, list(windows), labels, classes=2)


def recalls(weights: torch.Tensor, work: Path) -> tuple[float, float]:
    """Of the many and the few, on images that were not learnt from."""
    network = build("small", 2, seed=0)
    plan = Plan(
        epochs=6,
        learning_rate=0.01,
        schedule="OneCycle",
        bf16=False,
        dataset_digest="",
        class_weights=weights,
        start=Start(),
    )
    learn(network, uneven(), plan, work)
    return share_right(network, COMMON, 0), share_right(network, RARE, 1)


def share_right(network: nn.Module, tint: tuple[int, int, int], label: int) -> float:
    unseen = [serving_crop(noisy(number, tint), GEOMETRY) for number in range(5000, 5200)]
    network.eval()
    with torch.no_grad():
        answers = network(normalised(scaled(unseen))).argmax(dim=1)
    return float((answers == label).double().mean())


def test_190_images_of_one_class_and_10_of_another_give_no_constant_answer(tmp_path: Path) -> None:
    many, few = recalls(torch.ones(2), tmp_path)
    assert (many, few) == (1.0, 0.0)
    many, few = recalls(class_weights([MANY, FEW]), tmp_path)
    assert many > 0.5
    assert few > 0.5
