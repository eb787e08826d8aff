"""The disk that a training pod asks its node for, from what was listed and the size of images.

Of each image training keeps the resized middle, RGB: a short side high and, where it is wide, half
a short side beyond the crop on either side. It keeps a checkpoint or the exported graphs beside
them. The training component computes the same; a test compares the two.
"""

from __future__ import annotations

from typing import Any

RESOURCE = "ephemeral-storage"
MARGIN = 1.14  # the resized short side over the crop
CHANNELS = 3
BESIDE_PIXELS = 1024**3
MEBIBYTE = 1024**2


def disk_needed(images: int, image_size: int) -> int:
    """The bytes that a run of so many images of so many pixels a side writes at most."""
    short = round(image_size * MARGIN)
    longest = image_size + 2 * (short // 2)
    return images * short * longest * CHANNELS + BESIDE_PIXELS


def with_disk(resources: dict[str, Any], images: int, image_size: int) -> dict[str, Any]:
    """A pod's resources with a request of that much, unless they say something of it themselves.

    Whole mebibytes, so that a few more images ask for the same. Nothing is known of 0 images.
    """
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    if not images or RESOURCE in requests or RESOURCE in limits:
        return resources
    mebibytes = -(-disk_needed(images, image_size) // MEBIBYTE)
    return {**resources, "requests": {**requests, RESOURCE: f"{mebibytes}Mi"}}
