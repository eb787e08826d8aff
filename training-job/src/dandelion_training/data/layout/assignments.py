"""What the layout of a dataset comes to: the class of each image, and its split where people gave
one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from dandelion_training.data.layout.ignored import Ignored

MINIMUM_CLASSES = 2


class Split(StrEnum):
    """The part of a dataset that an image belongs to."""

    TRAIN = "train"
    HOLDOUT = "holdout"


class Assignment(NamedTuple):
    """An image, its class, and its split; None where it is Dandelion's to choose.

    A tuple, because there may be millions.
    """

    key: str
    label: str
    split: Split | None = None


class RejectionKind(StrEnum):
    """What the reasons for leaving a file out are counted by."""

    MISPLACED = "outside the class folders"
    UNUSABLE = "not a usable image"
    UNREADABLE = "could not be read from storage"
    NOT_FETCHED = "could not be fetched"
    DUPLICATE = "exact duplicate"
    CONTRADICTION = "in several classes"
    NEAR_HOLDOUT = "near-duplicate of the holdout"
    CLASS_DROPPED = "class too small"


@dataclass(frozen=True)
class Rejected:
    """A file that was left out, why, and of which class it would have been."""

    key: str
    reason: str
    label: str | None = None
    kind: RejectionKind = RejectionKind.UNUSABLE


@dataclass(frozen=True)
class Layout:
    """The labelled images of a dataset, before any of them is read."""

    reading: str  # how the listing was understood, as a sentence
    classes: tuple[str, ...]  # sorted
    assignments: tuple[Assignment, ...]  # in order of key
    rejected: tuple[Rejected, ...] = ()
    ignored: Ignored = field(default_factory=Ignored)
    warnings: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)  # who says so, by key, where known
    yielding: frozenset[str] = frozenset()  # keys of what gives way to the same file elsewhere

    def counts(self) -> Mapping[str, int]:
        """Images by class."""
        return Counter(assignment.label for assignment in self.assignments)
