"""How the memory of a container is shared out: what is left for large images.

All else is set aside first, at its most. Nothing here measures: `front/app.py` says what there is.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_inference.answer.decoding.images import SMALL_BYTES

# A decoder with nothing to do: an interpreter with numpy and Pillow.
DECODER_BYTES = 40 * 1024 * 1024

# What the first requests bring in: clients of the store, certificates, the pages' files.
LATER_BYTES = 48 * 1024 * 1024

# More small images than so many are not decoded at once: their network takes as long.
SMALL_AT_ONCE = 8

# Of a limit, what the kernel counts beside the pages of processes, and chance.
UNTOUCHED = 0.05


def small_images(threads: int) -> int:
    """Bytes for the small images that so many threads decode at once, however many those are."""
    return min(threads, SMALL_AT_ONCE) * SMALL_BYTES


@dataclass(frozen=True)
class Container:
    """What there is, and what others than large images take of it at most, in bytes."""

    limit: int
    resident: int
    """Of the process, once its model is there."""
    uploads: int
    log: int
    small_images: int

    @property
    def left(self) -> int:
        """What others leave of it, which may be less than nothing."""
        kept = DECODER_BYTES  # one decoder that waits for more
        others = self.resident + LATER_BYTES + self.uploads + self.log + self.small_images
        return int(self.limit * (1 - UNTOUCHED)) - others - kept

    @property
    def large_images(self) -> int:
        """What is left for large images, with the decoders that decode them."""
        return max(0, self.left)
