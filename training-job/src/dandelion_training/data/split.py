"""Which images are for training and which for evaluation.

An image's split follows from its own content, so a holdout image never moves into training when
images are added: an image whose hash lies below the threshold is held out, and pulls its
near-duplicates with it. Only a class that has no image below the threshold borrows one (a matter of
very small classes: one in a hundred at 20 images and a fifth held out), and gives it back once it
has its own. `dataset` calls this.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Split(StrEnum):
    TRAIN = "train"
    HOLDOUT = "holdout"


@dataclass(frozen=True)
class Member:
    """One image as the split sees it."""

    sha256: str
    label: str
    group: int

    @property
    def position(self) -> float:
        """Where its hash lies between 0 and 1."""
        return int(self.sha256[:8], 16) / 2**32


def split(members: Sequence[Member], holdout_fraction: float) -> list[Split]:
    """The split of each member, in their order."""
    smallest: dict[int, float] = {}
    for member in members:
        smallest[member.group] = min(smallest.get(member.group, 1.0), member.position)
    splits = [
        Split.HOLDOUT if smallest[member.group] < holdout_fraction else Split.TRAIN
        for member in members
    ]
    by_label: dict[str, list[int]] = defaultdict(list)
    for index, member in enumerate(members):
        by_label[member.label].append(index)
    for label in sorted(by_label):
        indices = sorted(by_label[label], key=lambda index: members[index].sha256)
        present = {splits[index] for index in indices}
        if present == {Split.TRAIN}:
            _move(members, splits, indices, Split.HOLDOUT)
        elif present == {Split.HOLDOUT}:
            _move(members, splits, list(reversed(indices)), Split.TRAIN)
    return splits


def _move(
    members: Sequence[Member], splits: list[Split], indices: list[int], target: Split
) -> None:
    """Bring the first possible group of one class to a split; failing that, one image alone.

    `indices` are the class's images, the most willing first. A group that would take the whole
    class along, or that reaches into another class, is left where it is; where every group is so,
    near-duplicates have to be parted.
    """
    for index in indices:
        group = [i for i, member in enumerate(members) if member.group == members[index].group]
        if len(group) < len(indices) and all(i in indices for i in group):
            for i in group:
                splits[i] = target
            return
    if len(indices) > 1:
        splits[indices[0]] = target
