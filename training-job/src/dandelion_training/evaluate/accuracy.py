"""How a network does on the holdout while it learns: to be looked at, never to choose among epochs.

`pipeline` calls it after each epoch; the evaluation proper is of the exported graph.
"""

from collections.abc import Iterable

import torch
from torch import nn


def accuracy(network: nn.Module, batches: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """The share of right answers; `batches` are NCHW images and their classes."""
    network.eval()
    right = images = 0
    with torch.inference_mode():
        for inputs, truth in batches:
            predicted = network(inputs.contiguous(memory_format=torch.channels_last)).argmax(dim=1)
            right += int((predicted == truth).sum())
            images += len(truth)
    return right / max(1, images)
