"""The one place where a pickle is read: a published checkpoint becomes a safetensors file.

`weights_only` admits tensors and the containers they come in, and calls nothing else. It runs in
the set-up Job alone, whose only key is the one that may write the models bucket.
"""

from pathlib import Path
from pickle import UnpicklingError

import safetensors.torch
import torch
import torchvision.models

from dandelion_training.pretrained.published import LICENCE, Published


class RefusedError(Exception):
    """The file holds something else than the weights of its architecture."""


def convert(source: Published, digest: str, checkpoint: Path, target: Path) -> None:
    """Write the checkpoint's tensors to `target`, with where they are from. Raises
    `RefusedError`.
    """
    network = getattr(torchvision.models, source.architecture)(weights=None)
    try:
        tensors = torch.load(checkpoint, map_location="cpu", weights_only=True)
        network.load_state_dict(tensors)
    except (UnpicklingError, RuntimeError, TypeError, AttributeError, EOFError, KeyError) as error:
        text = " ".join(str(error).split())[:300]
        raise RefusedError(
            f"{source.url} does not hold the weights of {source.architecture} and nothing else:"
            f" {text}"
        ) from error
    metadata = {
        "architecture": source.architecture,
        "source": source.url,
        "sha256": digest,
        "licence": LICENCE,
    }
    safetensors.torch.save_file(network.state_dict(), target, metadata=metadata)
