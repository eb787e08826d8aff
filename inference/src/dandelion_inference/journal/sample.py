"""Which answers belong to the random share that people review.

The draw is made by the answer's id and the image's position alone: an id begins with random bits
that the service chose, and SHA-256 spreads them evenly, so the chance of an answer is the share,
whatever was answered and whoever asked. Anybody who has the row can draw again and get the same.
Called by `journal`.
"""

from __future__ import annotations

import hashlib

PURPOSE = b"dandelion review sample, version 1"
BYTES = 8


def sampled(answer: str, index: int, share: float) -> bool:
    """Whether the image at this position of an answer is drawn; `share` lies between 0 and 1."""
    drawn = hashlib.sha256(b"\0".join((PURPOSE, answer.encode(), b"%d" % index))).digest()
    return int.from_bytes(drawn[:BYTES], "big") < share * (1 << 8 * BYTES)
