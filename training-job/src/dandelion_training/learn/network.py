"""The network: torchvision's ResNets with a head for the dataset's classes, and the weights they
start from.

`pipeline` calls `build`. Weights are only ever read as safetensors.
"""

import json
from pathlib import Path

import safetensors
import safetensors.torch
import torch
import torchvision.models
from torch import nn

from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location, ObjectStore

HEAD = ("fc.weight", "fc.bias")
PRETRAINED = "pretrained"


def build(architecture: str, classes: int, seed: int) -> nn.Module:
    """A fresh network; the same seed gives the same weights."""
    torch.manual_seed(seed)
    # Residual branches that start as nothing make the first steps of training from scratch
    # steadier.
    constructor = getattr(torchvision.models, architecture)
    network: nn.Module = constructor(weights=None, num_classes=classes, zero_init_residual=True)
    return network


def initial_weights_location(wanted: str, architecture: str, models: Location) -> Location | None:
    """Where the starting weights lie; None: train from scratch.

    A cluster need not reach the internet and published checkpoints are pickles, so ImageNet weights
    are a safetensors object that somebody has put beside the models once.
    """
    if wanted == "none":
        return None
    if wanted == "imagenet":
        return Location(models.bucket, f"{PRETRAINED}/{architecture}-imagenet.safetensors")
    try:
        return Location.parse(wanted)
    except ValueError as error:
        raise TrainingFailure(
            Reason.WEIGHTS_UNAVAILABLE,
            f"training.initialWeights is {wanted!r};"
            " write none, imagenet, champion or s3://bucket/key.safetensors.",
        ) from error


def load_initial_weights(
    network: nn.Module, store: ObjectStore, location: Location, classes: tuple[str, ...], work: Path
) -> bool:
    """Start from stored weights. True where the head came along: its classes are the same."""
    content = store.read(location)
    if content is None:
        hint = ""
        if location.key.startswith(f"{PRETRAINED}/"):
            hint = (
                " Put torchvision's ImageNet weights there once: safetensors.torch.save_file("
                "torchvision.models.get_model(NAME, weights='DEFAULT').state_dict(), FILE)."
            )
        raise TrainingFailure(
            Reason.WEIGHTS_UNAVAILABLE, f"There are no weights at {location}.{hint}"
        )
    path = work / "initial.safetensors"
    path.write_bytes(content)
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            described = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise TrainingFailure(
            Reason.WEIGHTS_UNAVAILABLE, f"{location} is not a safetensors file: {error}"
        ) from error
    finally:
        path.unlink()
    same_classes = described.get("classes") == json.dumps(list(classes))
    own = network.state_dict()
    skipped = set() if same_classes else set(HEAD)
    unfit = sorted(
        name
        for name, value in own.items()
        if name not in skipped and (name not in tensors or tensors[name].shape != value.shape)
    )
    if unfit:
        raise TrainingFailure(
            Reason.WEIGHTS_UNAVAILABLE,
            f"The weights at {location} are for another architecture:"
            f" {len(unfit)} tensors do not fit, {unfit[0]} first."
            " Use weights of the same training.architecture.",
        )
    network.load_state_dict({name: own[name] if name in skipped else tensors[name] for name in own})
    return same_classes


def save_weights(network: nn.Module, path: Path, classes: tuple[str, ...]) -> None:
    tensors = {
        name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()
    }
    safetensors.torch.save_file(tensors, path, metadata={"classes": json.dumps(list(classes))})
