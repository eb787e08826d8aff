"""What a network sees in images before its head decides: the features that label errors show in.

Called for the report of a dataset version, once the network has learnt. A network that knows its
labels by heart hides wrong ones: of digits with 5 % of the labels flipped, all are among the first
suspects (twice as many as were flipped) after ten epochs of varied images, and 63 % after twelve of
unvaried ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.load import Dataset
from dandelion_training.data.served import AT_ONCE, Served
from dandelion_training.data.version.manifest import Entry
from dandelion_training.evaluate.answers.sampling import sample
from dandelion_training.evaluate.labels.suspected import suspected_labels

HEAD = "fc"  # of torchvision's ResNets: what comes in is the flattened output of `avgpool`
EXAMINED = 20_000  # images; of ResNet-50 their features are 160 MB
LISTED = 1000
SEED = 0  # of the folds: one version and one network have one list


@dataclass(frozen=True)
class LabelSuspect:
    """An image whose label is probably wrong, and the class that it looks like."""

    entry: Entry
    suggested: str
    margin: float  # the probe's score of the suggested class over the given one


@dataclass(frozen=True)
class Suspects:
    """What was found, the least likely label first, and among how many images."""

    found: Sequence[LabelSuspect]
    examined: int


def label_suspects(
    network: nn.Module,
    dataset: Dataset,
    geometry: Geometry,
    device: torch.device,
    *,
    examined: int = EXAMINED,
    listed: int = LISTED,
) -> Suspects:
    """At most `listed` suspects among at most `examined` images, the same ones at every run."""
    drawn = sample((entry.sha256 for entry in dataset.entries), examined, "label errors")
    entries = [entry for entry in dataset.entries if entry.sha256 in drawn]
    served = Served(entries, dataset.classes, dataset.pixels, geometry, device)
    found = suspected_labels(
        features(network, served, entries, device),
        [dataset.version.targets[entry.label] for entry in entries],
        len(dataset.classes),
        SEED,
        listed,
    )
    suspects = [
        LabelSuspect(entries[item.image], dataset.classes[item.suggested], item.margin)
        for item in found
    ]
    return Suspects(suspects, len(entries))


def features(
    network: nn.Module, served: Served, entries: Sequence[Entry], device: torch.device
) -> NDArray[np.float32]:
    """Images × dimensions: what the head of the network is given of each image as it is served."""
    seen: list[NDArray[np.float32]] = []

    def keep(_head: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(inputs[0].float().cpu().numpy())

    learning = network.training
    network.eval()
    hook = network.get_submodule(HEAD).register_forward_pre_hook(keep)
    try:
        with torch.inference_mode():
            for start in range(0, len(entries), AT_ONCE):
                images = served.seen(entries[start : start + AT_ONCE]).to(device)
                network(images.contiguous(memory_format=torch.channels_last))
    finally:
        hook.remove()
        network.train(learning)
    return np.concatenate(seen)
