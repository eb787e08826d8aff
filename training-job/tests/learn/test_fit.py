"""What a network learns from classes of very different sizes, and from learnt weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from dandelion_training.data.images.inspect import Window, serving_crop, window
from dandelion_training.data.served import normalised, scaled
from dandelion_training.learn.batches import Examples
from dandelion_training.learn.fit import Plan
from dandelion_training.learn.recipe import adamw, class_weights, rate_share
from dandelion_training.learn.start import Start
from fakes.images import picture
from given.learning import GEOMETRY, learn, tinted
from given.quick import build
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


def learnt_in(epochs: int, work: Path, start: Start) -> list[dict[str, torch.Tensor]]:
    """The network's state before the first epoch, and after each."""
    network = build("small", 2, seed=0)
    states = [copied(network)]
    plan = Plan(
        epochs=epochs,
        learning_rate=0.01,
        schedule="OneCycle",
        bf16=False,
        dataset_digest="",
        class_weights=torch.ones(2),
        start=start,
    )
    learn(network, tinted([10, 10]), plan, work, lambda state: states.append(copied(state)))
    return states


def copied(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


LEARNT = Start("s3://models/pretrained/small.safetensors")


def test_a_new_head_on_learnt_weights_learns_alone_first(tmp_path: Path) -> None:
    """The statistics of the body's batch norms rest too."""
    states = learnt_in(3, tmp_path, LEARNT)
    assert changed(states[0], states[1]) == {"fc.weight", "fc.bias"}
    assert changed(states[1], states[2]) == set(states[0])


@pytest.mark.parametrize(
    ("epochs", "start"),
    [
        pytest.param(3, Start(), id="random weights"),
        pytest.param(3, replace(LEARNT, head_kept=True), id="a head that was learnt too"),
        pytest.param(2, LEARNT, id="too few epochs to spare one"),
    ],
)
def test_otherwise_everything_learns_from_the_first_epoch_on(
    tmp_path: Path, epochs: int, start: Start
) -> None:
    states = learnt_in(epochs, tmp_path, start)
    assert changed(states[0], states[1]) == set(states[0])


def test_learnt_layers_take_the_smaller_a_rate_the_nearer_they_are_to_the_image() -> None:
    names = ["conv1.weight", "layer1.0.conv1.weight", "layer2.0.bn1.bias", "layer4.1.conv2.weight"]
    shares = [rate_share(name) for name in [*names, "fc.weight"]]
    assert shares == sorted(shares)
    assert len(set(shares)) >= 4
    assert shares[-1] == 1


def test_random_layers_take_the_whole_rate() -> None:
    network = build("small", 2, seed=0)
    assert {group["share"] for group in adamw(network).param_groups} == {1.0}
    assert len({group["share"] for group in adamw(network, learnt=True).param_groups}) > 1
