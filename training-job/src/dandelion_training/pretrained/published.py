"""What torchvision publishes: where the weights of an architecture lie, and their digest.

Both come from torchvision's own catalogue, so they are those of the version in this image.
"""

import re
from dataclasses import dataclass

import torchvision.models

# A published file is named by the first hex digits of its SHA-256: resnet18-f37072fd.pth.
NAMED = re.compile(r"-([0-9a-f]{8,64})\.pth$")
LICENCE = (
    "Published by torchvision under BSD-3-Clause. Trained on ImageNet, so further terms may follow"
    " from that dataset; whether your use is permitted is for you to determine."
)


@dataclass(frozen=True)
class Published:
    """A checkpoint file on the internet."""

    architecture: str
    url: str
    digest: str  # the first hex digits of its SHA-256, at least 8


def published(architecture: str, source: str = "") -> Published:
    """torchvision's default weights; `source` names another place that holds files of these names.

    Raises `KeyError` for an architecture that torchvision does not know.
    """
    url: str = torchvision.models.get_model_weights(architecture).DEFAULT.url
    found = NAMED.search(url)
    if found is None:
        raise KeyError(f"{url} names no digest")
    if source:
        url = f"{source.rstrip('/')}/{url.rpartition('/')[2]}"
    return Published(architecture, url, found[1])
