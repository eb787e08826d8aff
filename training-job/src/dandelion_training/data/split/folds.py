"""Which images of the training side are validated together, so that the others are learnt from.

Every image is validated once, in its fold. Near-duplicates stay in one fold as they stay on one
side of the split: what was learnt by heart must not be asked. `run/validation` calls `folds`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dandelion_training.data.images.fingerprint import Fingerprint
from dandelion_training.data.split.groups import group
from dandelion_training.data.split.member import FREE, Member
from dandelion_training.data.split.units import Numbers, part_single_groups, position, units_of
from dandelion_training.data.version.manifest import Entry

ALWAYS_LEARNT = -1


def folds(images: Sequence[Entry], looks: Mapping[str, Fingerprint], count: int) -> Numbers:
    """For each image the number of its fold, from 0 to `count` - 1. `ALWAYS_LEARNT` for the only
    image of a class, without which nothing could be learnt of it.

    `looks` are fingerprints by SHA-256; an image without one has no near-duplicates. Every class is
    spread over as many folds as it can be, in shares that are as equal as its groups of
    near-duplicates allow. A class that is one single group is parted between its images. What comes
    out depends on the images alone, not on their order.
    """
    labels = _numbered(images)
    units = _units(images, labels, looks, count)
    found: Numbers = np.full(len(images), ALWAYS_LEARNT, np.int64)
    filled = np.zeros(count, np.int64)
    for label in range(int(labels.max(initial=-1)) + 1):
        places = np.flatnonzero(labels == label)
        if len(places) == 1:
            continue
        _deal(images, places, units, found, filled)
    return found


def _deal(
    images: Sequence[Entry],
    places: NDArray[np.intp],
    units: Numbers,
    found: Numbers,
    filled: Numbers,
) -> None:
    """Settle one class, in place: the largest unit first, each to the fold that has the fewest
    images of the class, and of those to the one that has the fewest of all.
    """
    members: dict[int, list[int]] = {}
    for place in places.tolist():
        members.setdefault(int(units[place]), []).append(place)
    order = sorted(
        members.values(),
        key=lambda unit: (-len(unit), position(min(images[place].sha256 for place in unit))),
    )
    of_class = np.zeros(len(filled), np.int64)
    for unit in order:
        fold = int(np.lexsort((filled, of_class))[0])
        found[unit] = fold
        of_class[fold] += len(unit)
        filled[fold] += len(unit)


def _units(
    images: Sequence[Entry], labels: Numbers, looks: Mapping[str, Fingerprint], count: int
) -> Numbers:
    """For each image the number of what must not be parted."""
    known = [place for place, image in enumerate(images) if image.sha256 in looks]
    units = 4 * len(images) + np.arange(len(images), dtype=np.int64)
    sides = np.full(len(images), FREE, np.int8)
    if known:
        members = [
            Member(images[place].sha256, images[place].label, looks[images[place].sha256])
            for place in known
        ]
        units[known] = units_of(labels[known], sides[known], group(members), 1 / count)
    part_single_groups(labels, units, sides, 1 / count)
    return units


def _numbered(images: Sequence[Entry]) -> Numbers:
    numbers = {label: i for i, label in enumerate(sorted({image.label for image in images}))}
    return np.fromiter((numbers[image.label] for image in images), np.int64, len(images))
