"""What must not be parted when images are dealt to sides or folds. `split` and `folds` call it."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from dandelion_training.data.split.groups import Grouping
from dandelion_training.data.split.member import FREE, HOLDOUT, LEFT_OUT, TRAIN, Codes, Flags

Numbers = NDArray[np.int64]


def units_of(labels: Numbers, sides: Codes, grouping: Grouping, fraction: float) -> Numbers:
    """For each image the number of what must not be parted: its chain, or else its group.

    A chain is parted where it takes more than half of what the smaller side should have, or where
    images of it are settled on both sides.
    """
    kept = sides != LEFT_OUT
    class_sizes = np.bincount(labels[kept], minlength=len(labels))
    chain_sizes = np.bincount(grouping.chains[kept], minlength=len(labels))
    room = class_sizes[labels] * min(fraction, 1 - fraction) / 2
    train, holdout = (touched(grouping.chains, sides == side) for side in (TRAIN, HOLDOUT))
    whole = (chain_sizes[grouping.chains] <= room) & ~(train & holdout)
    return np.where(whole, grouping.chains, len(labels) + grouping.groups)


def part_single_groups(labels: Numbers, units: Numbers, sides: Codes, fraction: float) -> Flags:
    """Where one unit alone is free in a class, with nothing held out, and is too much for one side,
    make each image of it a unit, in place. Which images these are.
    """
    images = len(labels)
    free = np.flatnonzero(sides == FREE)
    unit_labels = labels[free][np.unique(units[free], return_index=True)[1]]
    choices = np.bincount(unit_labels, minlength=images)
    sizes = np.bincount(labels[free], minlength=images)
    learning = np.bincount(labels[sides == TRAIN], minlength=images)
    holdout = np.bincount(labels[sides == HOLDOUT], minlength=images)
    too_much = (learning == 0) | (sizes > (sizes + learning) * max(0.5, 2 * fraction))
    classes = (choices == 1) & (holdout == 0) & (sizes > 1) & too_much
    parted = (sides == FREE) & classes[labels]
    units[parted] = 2 * images + np.flatnonzero(parted)
    return np.asarray(parted)


def position(sha256: str) -> int:
    """Chance that depends on the content alone. The smallest hash of many images lies low, so it is
    hashed again: a burst is then one draw.
    """
    return int.from_bytes(hashlib.sha256(sha256.encode()).digest()[:8], "big")


def touched(units: Numbers, images: Flags) -> Flags:
    """Which images share a unit with one of `images`."""
    found = np.zeros(int(units.max(initial=-1)) + 1, np.bool_)
    found[units[images]] = True
    return np.asarray(found[units])
