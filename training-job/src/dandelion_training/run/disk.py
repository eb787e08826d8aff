"""Room on the pod's disk: what a run needs, whether it is there, and the words where it is not.

What a dataset takes is known as soon as it is listed, long before the disk is full.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from dandelion_training.data.images.inspect import Geometry
from dandelion_training.ports.failures import Reason, TrainingFailure

# Beside the pixels: a checkpoint, which is three times the weights (ResNet-152's take 0.24 GB), or
# the exported graphs.
BESIDE_PIXELS = 1024**3
GIBIBYTE = 1024**3


def disk_needed(images: int, geometry: Geometry) -> int:
    """The bytes that a run of so many images writes at most.

    Of each image the resized middle is kept, RGB: a short side high and, where it is wide, half a
    short side beyond the crop on either side. Photos of 3 to 2 take four fifths of it.
    """
    short = geometry.resize_short_side
    longest = geometry.crop + 2 * (short // 2)
    return images * short * longest * 3 + BESIDE_PIXELS


def room_for(
    images: int,
    geometry: Geometry,
    folder: Path,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> None:
    """Raises `TrainingFailure` where the folder's disk has not the room for so many images."""
    needed, there = disk_needed(images, geometry), free(folder)
    if there < needed:
        raise disk_full(
            f"{images:,} images of {geometry.crop} pixels need {needed / GIBIBYTE:.1f} GiB of disk"
            f" and the node has {there / GIBIBYTE:.1f} GiB left"
        )


def disk_full(found: str) -> TrainingFailure:
    """The failure, with its way out."""
    return TrainingFailure(
        Reason.DISK_FULL,
        f"{found}. Raise training.resources.requests.ephemeral-storage, so that a node with room is"
        " chosen, or lower training.imageSize.",
    )
