"""How far and in what an image lies from those that the network learnt from, as the graph says."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openvino
import pytest
import torch
from dandelion_training.export.density import SHRINKAGE, WithLogDensity, fitted
from dandelion_training.export.engine import Precision, predictor
from dandelion_training.export.graph import prove
from given.quick import build, small_graph, small_network
from numpy.typing import NDArray
from torch import nn

SIZE = 32


class Channels(nn.Module):
    """A network whose early stage sees the image itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layer2 = nn.Conv2d(3, 3, 1, bias=False)
        with torch.no_grad():
            self.layer2.weight.copy_(torch.eye(3)[:, :, None, None])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        channels: torch.Tensor = self.layer2(images)
        return channels.mean(dim=(2, 3))


def coloured(means: NDArray[np.float64]) -> Iterator[NDArray[np.float32]]:
    """Images of one colour each."""
    for colour in means:
        yield np.broadcast_to(colour[:, None, None], (1, 3, 4, 4)).astype(np.float32)


def drawn(images: int) -> NDArray[np.float64]:
    chance = np.random.default_rng(0)
    return chance.normal(size=(images, 3)) @ np.diag([1.0, 2.0, 4.0]) + [1, 2, 3]


def said(
    network: WithLogDensity, colours: NDArray[np.float64], output: int = 1
) -> NDArray[np.float32]:
    with torch.inference_mode():
        return network(torch.from_numpy(np.concatenate(list(coloured(colours)))))[output].numpy()


def test_it_is_the_mahalanobis_distance_to_the_mean() -> None:
    colours = drawn(500)
    network = WithLogDensity(Channels(), fitted(Channels(), coloured(colours)))
    covariance = np.cov(colours.T, bias=True)
    sphere = np.eye(3) * covariance.trace() / 3
    precision = np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * sphere)
    asked = np.array([[1.0, 2, 3], [5, 5, 5], [-40, 0, 90]])
    away = asked - colours.mean(axis=0)
    expected = [-0.5 * row @ precision @ row / 3 for row in away]
    assert said(network, asked) == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_images_like_those_that_were_learnt_from_are_the_more_likely_ones() -> None:
    network = WithLogDensity(Channels(), fitted(Channels(), coloured(drawn(500))))
    usual, strange = said(network, drawn(200)), said(network, drawn(200) + 30)
    assert usual.mean() == pytest.approx(-0.5, abs=0.1)
    assert strange.max() < usual.min()


def test_features_are_standardised_and_as_long_as_the_image_is_unlikely_and_1_at_most() -> None:
    network = WithLogDensity(Channels(), fitted(Channels(), coloured(drawn(500))))
    seen = drawn(2000)
    found = said(network, seen, output=2)
    lengths = np.sqrt(-2 * said(network, seen))
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.minimum(lengths, 1), abs=1e-4)
    whole = found * np.maximum(lengths, 1)[:, np.newaxis] * np.sqrt(3)
    assert np.cov(whole.T) == pytest.approx(np.eye(3), abs=0.2)


def test_features_point_the_way_that_an_image_differs() -> None:
    network = WithLogDensity(Channels(), fitted(Channels(), coloured(drawn(500))))
    lighter, darker = (said(network, drawn(50) + shift, output=2) for shift in (30, -30))
    assert (lighter @ darker.T).max() < -0.5


@pytest.mark.parametrize("images", [1, 2])
def test_a_handful_of_images_is_enough(images: int) -> None:
    network = WithLogDensity(Channels(), fitted(Channels(), coloured(drawn(images))))
    assert np.isfinite(said(network, drawn(50))).all()


def test_fitting_leaves_the_network_as_it_was() -> None:
    network = build("small", 2, seed=0).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fitted(network, coloured(drawn(5)))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_the_graph_gives_all_three_for_any_number_of_images(tmp_path: Path) -> None:
    graph = small_graph(tmp_path / "model.onnx", SIZE)
    model = openvino.Core().read_model(graph)
    names = [output.get_any_name() for output in model.outputs]
    assert names == ["logits", "log_density", "features"]
    images = torch.from_numpy(np.random.default_rng(1).normal(size=(5, 3, SIZE, SIZE)))
    assert prove(small_network(SIZE), graph, images.float()) < 1e-4


def test_the_engine_gives_all_three_of_each_image(tmp_path: Path) -> None:
    graph = small_graph(tmp_path / "model.onnx", SIZE)
    images = np.random.default_rng(1).normal(size=(5, 3, SIZE, SIZE)).astype(np.float32)
    found = predictor(graph, Precision.FP32, threads=1)(images)
    network = small_network(SIZE).eval()
    with torch.inference_mode():
        logits, log_density, features = (each.numpy() for each in network(torch.from_numpy(images)))
    assert np.allclose(found.logits, logits, atol=1e-4)
    assert found.log_density is not None
    assert np.allclose(found.log_density, log_density, atol=1e-3)
    assert found.features is not None
    assert np.allclose(found.features, features, atol=1e-3)
