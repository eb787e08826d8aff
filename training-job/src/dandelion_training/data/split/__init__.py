"""Which images are learnt from and which are held out to evaluate on.

What was decided stays decided: content keeps the split of the former version, and what the starting
weights or their ancestors learnt from is never held out. Only what is new is placed, so that each
class comes near the asked share, and near-duplicates go where their likes are. `dataset` calls
`split`. The order of precedence:

1. *Lineage.* What an ancestor learnt from is for learning, whatever was said before.
2. *The former version.*
3. *The given split* of people, except that an image given for learning is left out where it is a
   near-duplicate of one that is held out. Where that is so of most of a class, as with frames of a
   video that were dealt by chance, leaving them out would leave little to learn from: the class
   keeps them, and it is told.
4. *Near-duplicates.* A new image goes where its group is, or its whole chain where that is small.
   Where that is on both sides the new image is left out: learning from it would spoil the holdout,
   and evaluating on it would test what was learnt. Left out is also a new image that would be
   learnt from and is a near-duplicate of an image in another group that is held out already.
5. *The draw.* What is free is held out up to the target of its class. A group is one draw, however
   many images it has: its position is the hash of its smallest SHA-256.

A chain that is too large for the share is parted between its groups, and a class that is one single
group between its images; both are told.
"""

from collections.abc import Collection, Mapping, Sequence, Set

import numpy as np

from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split.draw import drawn
from dandelion_training.data.split.groups import Grouping
from dandelion_training.data.split.member import (
    CODES,
    FREE,
    HOLDOUT,
    LEFT_OUT,
    TRAIN,
    Codes,
    Flags,
    Member,
    by_content,
    numbered,
)
from dandelion_training.data.split.placement import Facts, Placement, placement
from dandelion_training.data.split.units import (
    Numbers,
    part_single_groups,
    position,
    touched,
    units_of,
)

NEAR_HOLDOUT = "a near-duplicate of a holdout image"
NEAR_BOTH = "a near-duplicate of images on both sides of the split"
MOST = 0.5  # of what a class was given to learn from


def split(
    members: Sequence[Member],
    grouping: Grouping,
    fraction: float,
    former: Mapping[str, Split],
    learnt: Collection[str],
) -> Placement:
    """Place each member.

    `former` is the former version's manifest and `learnt` what any ancestor of the starting weights
    learnt from, both by SHA-256. Raises ValueError where `fraction` is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"the share to hold out lies between 0 and 1, and is not {fraction}")
    labels = numbered(members)
    facts = _facts(members, former, learnt)
    sides = np.where(facts.known != FREE, facts.known, facts.given).astype(np.int8)
    reasons: dict[int, str] = {}

    def leave_out(images: Flags, reason: str) -> None:
        sides[images] = LEFT_OUT
        reasons.update(dict.fromkeys(np.flatnonzero(images).tolist(), reason))

    leave_out(_given_copies(labels, sides, facts, grouping), NEAR_HOLDOUT)

    new, held_out = sides == FREE, sides == HOLDOUT
    units = units_of(labels, sides, grouping, fraction)
    beside_train, beside_holdout = touched(units, sides == TRAIN), touched(units, held_out)
    leave_out(new & beside_train & beside_holdout, NEAR_BOTH)
    sides[new & beside_train & ~beside_holdout] = TRAIN
    sides[new & beside_holdout & ~beside_train] = HOLDOUT
    parted = part_single_groups(labels, units, sides, fraction)
    _draw(members, labels, units, sides, fraction)
    leave_out(new & (sides == TRAIN) & grouping.linked(held_out), NEAR_HOLDOUT)

    return placement(members, labels, sides, reasons, fraction, facts, units, parted, grouping)


def _facts(
    members: Sequence[Member], former: Mapping[str, Split], learnt: Collection[str]
) -> Facts:
    ancestors = learnt if isinstance(learnt, Set) else frozenset(learnt)
    images = len(members)
    before = np.fromiter((CODES[former.get(m.sha256)] for m in members), np.int8, images)
    given = np.fromiter((CODES[m.given] for m in members), np.int8, images)
    was_learnt = np.fromiter((m.sha256 in ancestors for m in members), np.bool_, images)
    return Facts(np.where(was_learnt, TRAIN, before).astype(np.int8), before, given, was_learnt)


def _given_copies(labels: Numbers, sides: Codes, facts: Facts, grouping: Grouping) -> Flags:
    """What was given for learning and is better left out."""
    given = (facts.known == FREE) & (facts.given == TRAIN)
    copies = given & grouping.near(sides == HOLDOUT)
    all_given = np.bincount(labels[given], minlength=len(labels))
    most = np.bincount(labels[copies], minlength=len(labels)) > MOST * all_given
    return np.asarray(copies & ~most[labels])


def _draw(
    members: Sequence[Member], labels: Numbers, units: Numbers, sides: Codes, fraction: float
) -> None:
    """Settle what is free, in place."""
    order = by_content(members)
    free = order[sides[order] == FREE]
    _, firsts, unit_of, sizes = np.unique(
        units[free], return_index=True, return_inverse=True, return_counts=True
    )
    firsts = free[firsts]
    positions = np.fromiter((position(members[i].sha256) for i in firsts), np.uint64, len(firsts))
    by_class = np.lexsort((positions, labels[firsts]))
    ends = np.flatnonzero(np.diff(labels[firsts[by_class]])) + 1
    taken = np.zeros(len(firsts), np.bool_)
    held_out = np.bincount(labels[sides == HOLDOUT], minlength=len(labels))
    learning = np.bincount(labels[sides == TRAIN], minlength=len(labels))
    for choices in np.split(by_class, ends) if len(by_class) else []:
        label = labels[firsts[choices[0]]]
        taken[choices] = drawn(
            sizes[choices].tolist(), int(held_out[label]), int(learning[label]), fraction
        )
    sides[free] = np.where(taken[unit_of], HOLDOUT, TRAIN)
