"""Some of the images, the same ones whoever asks.

What is too dear for every image is done for a sample: the figures of two models on one dataset
version then rest on the same images, and a run that begins again takes them again.
"""

import hashlib
import heapq
from collections.abc import Iterable


def sample(sha256s: Iterable[str], at_most: int, purpose: str) -> frozenset[str]:
    """The images whose digest, hashed again with the purpose, comes first.

    Hashed again, because the digest itself decided who is in the holdout; with the purpose, so that
    two samples of one holdout are independent of each other.
    """
    return frozenset(heapq.nsmallest(at_most, sha256s, key=lambda name: _place(name, purpose)))


def _place(sha256: str, purpose: str) -> bytes:
    return hashlib.sha256(f"{purpose}:{sha256}".encode()).digest()
