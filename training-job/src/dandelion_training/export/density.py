"""How an image differs from those that the network learnt from: the graph's further outputs.

A softmax tells classes apart, and of an image that looks like none it may be as sure as of any. How
the features of an early stage are distributed over the training images is known, though: taken as
one Gaussian, they give every image a density, how far it is from the mean, and a direction, which
way. `pipeline` fits it, `artifact` exports it with the network; `evaluate/figures/calibration.py`
and `drift.py` say what is made of the two.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dandelion_training.export.whitening import covariance, whitening

STAGE = "layer2"  # of torchvision's ResNets: 128 features, of ResNet-50 and deeper 512
FITTED_ON = 2000  # images
SHRINKAGE = 0.05
LEAST_VARIANCE = 1e-6
AT_ONCE = 64


class LogDensity(nn.Module):
    """log N(x; μ, Σ) / D without its constant, of D features: −(x − μ)ᵀ Σ⁻¹ (x − μ) / 2D; and the
    standardised features Σ^−½ (x − μ) / √D, of length 1 at most.

    From images × features. The density is one number an image, 0 at most and about −½ for images
    like those it was fitted on. It is the squared Mahalanobis distance of Lee, Lee, Lee and Shin
    (2018), "A simple unified framework for detecting out-of-distribution samples and adversarial
    attacks", NeurIPS, to one mean instead of one a class, which is as good (Kamoi and Kobayashi
    (2020), "Why is the Mahalanobis distance effective for anomaly detection?") and of one size for
    any number of classes. The standardised features are as long as the square root of −2 times it,
    about 1 for images like those; longer ones are shortened to 1, so that no single image decides
    where the mean of many lies.
    """

    mean: torch.Tensor
    whitening: torch.Tensor

    def __init__(self, mean: NDArray[np.float64], whitening: NDArray[np.float64]) -> None:
        """`whitening` is D × D: (x − μ) times it has the covariance 1."""
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("whitening", torch.tensor(whitening, dtype=torch.float32))

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        whitened = (features - self.mean) @ self.whitening
        squared = whitened.square().mean(dim=1)
        longest = (len(self.mean) * squared.clamp(min=1)).sqrt()
        return -0.5 * squared, whitened / longest.unsqueeze(1)


class WithLogDensity(nn.Module):
    """The network as it is exported: from images to their logits, their log densities
    and their standardised features."""

    def __init__(self, network: nn.Module, log_density: LogDensity) -> None:
        super().__init__()
        self.network = network
        self.log_density = log_density

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        logits, features = _observed(self.network, images)
        return logits, *self.log_density(features)


def fitted(network: nn.Module, images: Iterable[NDArray[np.float32]]) -> LogDensity:
    """The density of the features of `images`, each NCHW with N = 1, as `Served.drawn` gives them.

    Σ is shrunk towards a sphere (Ledoit and Wolf (2004), "A well-conditioned estimator for
    large-dimensional covariance matrices"), so that a few images are enough for many features.
    """
    device = next(network.parameters()).device
    learning = network.training
    network.eval()
    with torch.inference_mode():
        seen = np.concatenate(
            [
                _observed(network, torch.from_numpy(batch).to(device))[1].float().cpu().numpy()
                for batch in _batches(images)
            ]
        ).astype(np.float64)
    network.train(learning)
    mean = seen.mean(axis=0)
    sampled = covariance(seen - mean)
    sphere = (SHRINKAGE * np.trace(sampled) / len(mean) + LEAST_VARIANCE) * np.eye(len(mean))
    return LogDensity(mean, whitening((1 - SHRINKAGE) * sampled + sphere))


def _observed(network: nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits, and the stage's features averaged over all positions, images × features."""
    seen: list[torch.Tensor] = []

    def keep(_stage: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        seen.append(output.mean(dim=(2, 3)))

    hook = network.get_submodule(STAGE).register_forward_hook(keep)
    try:
        logits: torch.Tensor = network(images)
    finally:
        hook.remove()
    return logits, seen[0]


def _batches(images: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    batch: list[NDArray[np.float32]] = []
    for image in images:
        batch.append(image)
        if len(batch) == AT_ONCE:
            yield np.concatenate(batch)
            batch = []
    if batch:
        yield np.concatenate(batch)
