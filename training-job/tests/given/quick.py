"""Stand-ins for the parts of a run that take seconds, for tests of the order and the bookkeeping
around them: the network, its export, and what OpenVINO and NNCF make of it.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from dandelion_training.evaluate.precision import assessment
from dandelion_training.export import artifact, engine
from dandelion_training.export.density import WithLogDensity, fitted
from dandelion_training.export.engine import Outputs, Precision, Predict
from dandelion_training.export.graph import export
from dandelion_training.export.quantize import Images
from dandelion_training.learn import network as networks
from dandelion_training.run.pipeline import stages
from numpy.typing import NDArray
from torch import nn


class SmallNetwork(nn.Module):
    """Has what a ResNet has, once: convolution, normalisation, a residual branch and a head."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer2 = nn.Conv2d(16, 16, 3, padding=1)
        self.fc = nn.Linear(16, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found = torch.relu(self.bn1(self.conv1(images)))
        found = torch.relu(found + self.layer2(found))
        pooled: torch.Tensor = self.fc(found.mean(dim=(2, 3)))
        return pooled


def build(architecture: str, classes: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return SmallNetwork(classes)


def exported(network: WithLogDensity, size: int, path: Path) -> None:
    """A file that follows from the weights."""
    networks.save_weights(network, path, ("stand-in",))
    path.write_bytes(hashlib.sha256(path.read_bytes()).digest())


def quantized(graph: Path, images: Images, target: Path) -> None:
    target.write_bytes(b"int8 of " + graph.read_bytes())
    target.with_suffix(".bin").write_bytes(b"weights")


def answered(
    graph: Path, precision: Precision, images: Iterable[NDArray[np.float32]], threads: int
) -> NDArray[np.float32]:
    return np.zeros((sum(len(batch) for batch in images), 2), np.float32)


def predictor(graph: Path, precision: Precision, threads: int) -> Predict:
    """Tells blue from yellow by the channel that is brighter, with some doubt; the further from
    black, the less it was learnt from. Its features are the channels."""

    def predict(images: NDArray[np.float32]) -> Outputs:
        blue = images[:, 2].mean(axis=(1, 2)) - images[:, 0].mean(axis=(1, 2))
        log_density = -0.5 * (images**2).mean(axis=(1, 2, 3))
        logits = np.stack([blue, -blue], axis=1).astype(np.float32)
        return Outputs(logits, log_density, images.mean(axis=(2, 3)) / 10)

    return predict


def make_quick(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(networks, "build", build)
    patch.setattr(artifact, "export", exported)
    patch.setattr(artifact, "prove", lambda network, graph, images: 0.0)
    patch.setattr(artifact, "quantize", quantized)
    patch.setattr(assessment, "answers", answered)
    patch.setattr(stages, "predictor", predictor)
    patch.setattr(engine, "predictor", predictor)
    patch.setattr(assessment, "has_bf16", lambda: True)  # on any machine


def small_graph(path: Path, size: int) -> Path:
    """A real graph, of the small network."""
    export(small_network(size), size, path)
    return path


def small_network(size: int) -> WithLogDensity:
    """As it is exported."""
    network = build("small", 2, seed=0)
    chance = np.random.default_rng(0)
    images = (chance.normal(size=(1, 3, size, size)).astype(np.float32) for _ in range(40))
    return WithLogDensity(network, fitted(network, images))
