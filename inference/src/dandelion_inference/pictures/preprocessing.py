"""What is done to a decoded image before the network takes it, in numbers.

Parsed by `model/contract.py`; `reader.py` does what it says, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    """Of an RGB image: resized bilinearly, cropped, scaled, normalised."""

    resize_short_side: int
    """Pixels of the shorter side; the other one keeps the proportions, rounded down."""
    center_crop: int
    """Pixels of each side of the square that is cut out of the centre."""
    scale: float
    """What a channel's values from 0 to 255 are multiplied by."""
    mean: Channels
    """Taken from each channel once it is scaled."""
    std: Channels
    """What each channel is divided by after that."""
