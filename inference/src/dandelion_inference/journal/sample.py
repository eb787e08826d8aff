"""Which answers people are asked to review without anybody having complained.

Two shares are drawn, each by the answer's id and the image's position alone: an id begins with
random bits that the service chose, and SHA-256 spreads them evenly, so the chance of an answer is
the share, whatever was answered and whoever asked. Anybody who has the row can draw again and get
the same. The random share is drawn from all answers, so an accuracy can be estimated from it; the
other one from those that were given while images were unlike the holdout's, and no accuracy follows
from that. Called by `journal`.
"""

from __future__ import annotations

import hashlib

PURPOSE = b"dandelion review sample, version 1"
DURING_DRIFT = b"dandelion drift sample, version 1"
BYTES = 8
# Of the answers that are given during drift: a hundred of them leave some ten to look at.
DRIFT_SHARE = 0.1


def sampled(answer: str, index: int, share: float) -> bool:
    """Whether the image at this position of an answer is drawn; `share` lies between 0 and 1."""
    return _is_drawn(PURPOSE, answer, index, share)


def sampled_during_drift(answer: str, index: int) -> bool:
    """Whether it is drawn to show what images are like that have drifted."""
    return _is_drawn(DURING_DRIFT, answer, index, DRIFT_SHARE)


def _is_drawn(purpose: bytes, answer: str, index: int, share: float) -> bool:
    drawn = hashlib.sha256(b"\0".join((purpose, answer.encode(), b"%d" % index))).digest()
    return int.from_bytes(drawn[:BYTES], "big") < share * (1 << 8 * BYTES)
