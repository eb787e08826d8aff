"""What the images of a dataset look like as a whole: the reference that drift is measured against.

`pipeline` calls `channel_statistics`; `contract` holds it.
"""

from dataclasses import dataclass

import torch

from dandelion_training.data.served import Served


@dataclass(frozen=True)
class ChannelStatistics:
    """Channel statistics of all images as inference sees them, from 0 to 1; drift is measured
    against them.
    """

    mean: list[float]
    std: list[float]


def channel_statistics(served: Served) -> ChannelStatistics:
    """Channel mean and deviation over all images."""
    count, total, squares = (
        0,
        torch.zeros(3, dtype=torch.float64),
        torch.zeros(3, dtype=torch.float64),
    )
    for images in served.unchanged():
        values = images.to(torch.float64)
        count += values.numel() // 3
        total += values.sum(dim=(0, 2, 3))
        squares += (values * values).sum(dim=(0, 2, 3))
    mean = total / count
    deviation = (squares / count - mean * mean).clamp(min=0).sqrt()
    return ChannelStatistics(
        [round(v, 6) for v in mean.tolist()], [round(v, 6) for v in deviation.tolist()]
    )
