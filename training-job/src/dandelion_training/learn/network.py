"""The network: torchvision's ResNets with a head for the dataset's classes, and its weights as a
file.

`pipeline` calls `build`, `export` calls `save_weights`; `start` reads such a file.
"""

import json
from pathlib import Path

import safetensors.torch
import torch
import torchvision.models
from torch import nn

HEAD = "fc"  # the last layer, a row for each class


def build(architecture: str, classes: int, seed: int) -> nn.Module:
    """A fresh network; the same seed gives the same weights."""
    torch.manual_seed(seed)
    # Residual branches that start as nothing make the first steps of training from scratch
    # steadier.
    constructor = getattr(torchvision.models, architecture)
    network: nn.Module = constructor(weights=None, num_classes=classes, zero_init_residual=True)
    return network


def save_weights(network: nn.Module, path: Path, classes: tuple[str, ...]) -> None:
    tensors = {
        name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()
    }
    safetensors.torch.save_file(tensors, path, metadata={"classes": json.dumps(list(classes))})
