"""One image as grouping and splitting see it, and many of them as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dandelion_training.data.images.fingerprint import Fingerprint
from dandelion_training.data.layout.assignments import Split


@dataclass(frozen=True, slots=True)
class Member:
    """An image that was kept: its content is no other member's."""

    sha256: str
    label: str
    fingerprint: Fingerprint
    given: Split | None = None  # the split that people chose for it, by folder or by column


FREE, TRAIN, HOLDOUT, LEFT_OUT = range(4)
CODES = {None: FREE, Split.TRAIN: TRAIN, Split.HOLDOUT: HOLDOUT}

Codes = NDArray[np.int8]  # of the four above, by image
Flags = NDArray[np.bool_]  # which images


def by_content(members: Sequence[Member]) -> NDArray[np.intp]:
    """The places of the members in ascending order of their SHA-256."""
    return np.array(sorted(range(len(members)), key=lambda i: members[i].sha256), np.intp)


def numbered(members: Sequence[Member]) -> NDArray[np.int64]:
    """The label of each member as its number in alphabetical order."""
    numbers = {label: i for i, label in enumerate(sorted({m.label for m in members}))}
    return np.fromiter((numbers[m.label] for m in members), np.int64, len(members))
