"""What a split came to: where each image went, the share of each class, and in words what a person
should know. `split` calls `placement`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split.draw import TOLERANCE
from dandelion_training.data.split.groups import Grouping
from dandelion_training.data.split.member import FREE, HOLDOUT, TRAIN, Codes, Flags, Member

WHOLLY_GIVEN = "the given split is kept"
NAMED_CLASSES = 20  # in warnings; there may be thousands of classes


@dataclass(frozen=True)
class Facts:
    """What was settled before anything was placed, by image."""

    known: Codes  # by lineage or the former version
    before: Codes  # in the former version
    given: Codes
    learnt: Flags


@dataclass(frozen=True)
class Share:
    """How much of a class is held out."""

    label: str
    train: int
    holdout: int
    asked: float
    why: str | None  # where it is further from what was asked than it has to be

    @property
    def realised(self) -> float:
        return self.holdout / max(self.train + self.holdout, 1)


@dataclass(frozen=True)
class Placement:
    """Where the images went, in the order of the members."""

    splits: tuple[Split | None, ...]  # None: left out
    left_out: Mapping[int, str]  # why, by place among the members
    shares: tuple[Share, ...]  # by label
    warnings: tuple[str, ...]


def placement(
    members: Sequence[Member],
    labels: NDArray[np.int64],
    sides: Codes,
    left_out: Mapping[int, str],
    fraction: float,
    facts: Facts,
    units: NDArray[np.int64],
    parted: Flags,
    grouping: Grouping,
) -> Placement:
    """Report on settled `sides`. `parted` are the images of a group that had to be parted."""
    splits = {TRAIN: Split.TRAIN, HOLDOUT: Split.HOLDOUT}
    shares = _shares(members, labels, sides, fraction, facts, units, parted)
    return Placement(
        splits=tuple(splits.get(side) for side in sides.tolist()),
        left_out=dict(sorted(left_out.items())),
        shares=shares,
        warnings=(
            *_of_precedence(facts),
            *_of_near_duplicates(sides, left_out, parted, grouping),
            *_of_shares(shares),
        ),
    )


def _shares(
    members: Sequence[Member],
    labels: NDArray[np.int64],
    sides: Codes,
    fraction: float,
    facts: Facts,
    units: NDArray[np.int64],
    parted: Flags,
) -> tuple[Share, ...]:
    classes = int(labels.max(initial=-1)) + 1

    def count(images: Flags) -> list[int]:
        return [int(n) for n in np.bincount(labels[images], minlength=classes)]

    kept = (sides == TRAIN) | (sides == HOLDOUT)
    largest = np.zeros(classes, np.int64)
    _, place, sizes = np.unique(units[kept], return_index=True, return_counts=True)
    np.maximum.at(largest, labels[kept][place], sizes)
    names = [""] * classes
    for member, label in zip(members, labels.tolist(), strict=True):
        names[label] = member.label
    rows = zip(
        names,
        count(sides == TRAIN),
        count(sides == HOLDOUT),
        count(facts.learnt & kept),
        count((facts.before != FREE) & ~facts.learnt & kept),
        count((facts.known == FREE) & (facts.given != FREE) & kept),
        count(parted),
        largest.tolist(),
        strict=True,
    )
    return tuple(
        Share(name, train, holdout, fraction, _why(train, holdout, fraction, *causes))
        for name, train, holdout, *causes in rows
    )


def _why(
    train: int,
    holdout: int,
    fraction: float,
    learnt: int,
    before: int,
    given: int,
    parted: int,
    largest: int,
) -> str | None:
    images = train + holdout
    # Half an image is as near as whole images come.
    if abs(holdout - fraction * images) <= max(TOLERANCE * images, 0.5) + 1e-9 and holdout:
        return None
    if given == images:
        return WHOLLY_GIVEN
    causes = []
    if learnt:
        causes.append(f"the starting weights learnt from {_images(learnt)}")
    if before:
        causes.append(f"{_images(before)} had a split in the former version")
    if given:
        causes.append(f"{_images(given)} came with a split")
    if largest > max(1, TOLERANCE * images) and not parted:
        causes.append(f"{largest} near-duplicates stay together")
    if images * min(fraction, 1 - fraction) < 1:
        causes.append(f"there are only {_images(images)}")
    return "; ".join(causes) or "what is free does not add up to it"


def _of_precedence(facts: Facts) -> Iterable[str]:
    freed = int((facts.learnt & (facts.before == HOLDOUT)).sum())
    if freed:
        yield (
            f"{_images(freed)} of the former version's holdout will be learnt from and no longer"
            " evaluated on, because the starting weights or their ancestors learnt from them."
        )
    overruled = (facts.given != FREE) & (facts.known != FREE) & (facts.given != facts.known)
    by_lineage = int((overruled & facts.learnt).sum())
    by_former = int(overruled.sum()) - by_lineage
    if by_lineage:
        yield (
            f"The given split of {_images(by_lineage)} is not followed, because the starting"
            " weights or their ancestors learnt from what it holds out."
        )
    if by_former:
        yield (
            f"The given split of {_images(by_former)} is not followed, because the former version"
            " had another."
        )


def _of_near_duplicates(
    sides: Codes, left_out: Mapping[int, str], parted: Flags, grouping: Grouping
) -> Iterable[str]:
    for reason, images in sorted(Counter(left_out.values()).items()):
        yield f"{_images(images)} left out: {reason}."
    if parted.any():
        yield (
            f"{_images(int(parted.sum()))} of classes that consist of one group of near-duplicates"
            " were parted, because a class needs images on both sides. Their figures will flatter:"
            " add images that look different."
        )
    spoilt = int(((sides == TRAIN) & ~parted & grouping.near(sides == HOLDOUT)).sum())
    if spoilt:
        yield (
            f"{_images(spoilt)} that will be learnt from are near-duplicates of holdout images,"
            " because their split was settled before or because they link too much of their class"
            " to stay together. The figures of their classes may flatter."
        )


def _of_shares(shares: Sequence[Share]) -> Iterable[str]:
    given = [share for share in shares if share.why == WHOLLY_GIVEN]
    if given:
        least, most = (extreme(share.realised for share in given) for extreme in (min, max))
        yield (
            f"The given split is kept in {len(given)} of {len(shares)} classes: of each,"
            f" {least:.3g} to {most:.3g} is held out, though {given[0].asked:g} was asked for."
        )
    off = [share for share in shares if share.why not in (None, WHOLLY_GIVEN)]
    off.sort(key=lambda share: -abs(share.realised - share.asked))
    for share in off[:NAMED_CLASSES]:
        yield (
            f"Of class {share.label!r}, {share.holdout} of {_images(share.train + share.holdout)}"
            f" are held out ({share.realised:.3g}; asked for: {share.asked:g}): {share.why}."
        )
    if len(off) > NAMED_CLASSES:
        yield f"So it is with {len(off) - NAMED_CLASSES} other classes."


def _images(count: int) -> str:
    return f"{count} image" if count == 1 else f"{count} images"
