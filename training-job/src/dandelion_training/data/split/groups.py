"""Which images belong together: near-duplicates of one class, and those of two classes.

Three answers, from the closest tie to the loosest:

- A *group* has bounded diameter: each of its images is a near-duplicate of its representative, so
  that no two differ by more than twice what near-duplicates may. Its images belong in one split.
- A *chain* is all that is linked from one near-duplicate to the next: a camera that never moves may
  link a whole class. `split` keeps a chain together where it is small, and otherwise its groups.
- A *suspect* is a pair of near-duplicates with two labels, of which one is probably wrong. Neither
  groups nor chains cross labels.

The representative is the image of the smallest SHA-256 that no earlier group took, so the answer
depends neither on the order of the images nor on chance. `dataset` calls `group`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dandelion_training.data.images.fingerprint import Looks
from dandelion_training.data.split.components import Adjacency, components
from dandelion_training.data.split.member import Flags, Member, by_content, numbered
from dandelion_training.data.split.neighbours import Bounds, Indices, NearPairs, near_pairs

SUSPECTS = 100


@dataclass(frozen=True)
class Suspect:
    """Two images that look the same and have two labels, by their places among the members; the
    smaller SHA-256 first.
    """

    first: int
    second: int
    differing_bits: int
    grey_difference: float  # mean absolute difference of the thumbnails, in levels of 255


@dataclass(frozen=True)
class Grouping:
    """What belongs together. Looks, groups and chains are numbered in the order of their smallest
    SHA-256.
    """

    looks: NDArray[np.int64]  # of each member; one number for one label and one fingerprint
    groups: NDArray[np.int64]  # of each member
    chains: NDArray[np.int64]  # of each member
    links: NDArray[np.int64]  # k × 2 looks: near-duplicates of one label in two groups
    suspects: tuple[Suspect, ...]  # the closest pairs, at most `SUSPECTS`
    suspect_pairs: int  # how many there are
    complete: bool  # false where alike images were too many to compare all of them

    def linked(self, images: Flags) -> Flags:
        """Which images are near-duplicates of one of `images` that is in another group."""
        looks = np.zeros(len(images), np.bool_)
        looks[self.looks[images]] = True
        linked = np.zeros(len(images), np.bool_)
        first, second = self.links.T
        linked[first[looks[second]]] = True
        linked[second[looks[first]]] = True
        return linked[self.looks]

    def near(self, images: Flags) -> Flags:
        """Which images are in a group with one of `images`, or linked to one."""
        groups = np.zeros(len(images), np.bool_)
        groups[self.groups[images]] = True
        return groups[self.groups] | self.linked(images)


def group(members: Sequence[Member], bounds: Bounds | None = None) -> Grouping:
    """Group images of different content. Raises ValueError for a malformed fingerprint.

    Where `bounds` (by default what is affordable for so many images) leave pairs out, images that
    only these pairs link may get groups of their own.
    """
    order = by_content(members)
    looks = Looks.of([m.fingerprint for m in members]).take(order)
    labels = numbered(members)[order]
    # Images that look exactly the same are one look: a hundred thousand of them cost as one.
    look_of, firsts = _distinct(looks, labels)
    looks, labels = looks.take(firsts), labels[firsts]
    pairs = near_pairs(looks, bounds or Bounds.of(len(looks)))
    same = labels[pairs.first] == labels[pairs.second]
    first, second = pairs.first[same], pairs.second[same]
    chains = components(first, second, len(looks))
    representatives = _representatives(looks, chains, Adjacency.of(first, second, len(looks)))
    apart = representatives[first] != representatives[second]
    crossing = NearPairs(pairs.first[~same], pairs.second[~same], pairs.complete)
    copies = np.bincount(look_of, minlength=len(looks))
    suspects = _suspects(looks, crossing, order[firsts])
    return Grouping(
        looks=_in_former_order(look_of, order),
        groups=_in_former_order(representatives[look_of], order),
        chains=_in_former_order(chains[look_of], order),
        links=np.stack([first[apart], second[apart]], axis=1).astype(np.int64),
        suspects=suspects,
        suspect_pairs=int((copies[crossing.first] * copies[crossing.second]).sum()),
        complete=pairs.complete,
    )


def _representatives(looks: Looks, chains: Indices, adjacency: Adjacency) -> Indices:
    """For each look the representative of its group: the first look that it is near to, among those
    that no earlier group took.
    """
    representatives = chains.copy()
    sizes = np.bincount(chains, minlength=len(chains))
    # Where all of a chain are near its first look, as nearly everywhere, the chain is the group.
    long = sizes - 1 > adjacency.degrees
    open_looks = long[chains]
    seen_by = np.full(len(chains), -1, np.intp)
    for leader in np.flatnonzero(open_looks):
        if not open_looks[leader]:
            continue
        open_looks[leader] = False
        newest = np.array([leader], np.intp)
        # Of many alike, not every pair is listed: what is near the leader is found by way of the
        # others that are.
        while len(newest):
            representatives[newest] = leader
            reached = adjacency.neighbours(newest)
            reached = np.unique(reached[open_looks[reached] & (seen_by[reached] != leader)])
            seen_by[reached] = leader
            newest = reached[looks.near(np.full(len(reached), leader), reached)]
            open_looks[newest] = False
    return representatives


def _suspects(looks: Looks, pairs: NearPairs, names: Indices) -> tuple[Suspect, ...]:
    bits = looks.differing_bits(pairs.first, pairs.second)
    grey = looks.grey_difference(pairs.first, pairs.second)
    closest = np.lexsort((pairs.second, pairs.first, grey, bits))[:SUSPECTS]
    cells = looks.thumbnails.shape[1]
    return tuple(
        Suspect(
            int(names[pairs.first[pair]]),
            int(names[pairs.second[pair]]),
            int(bits[pair]),
            float(grey[pair] / cells),
        )
        for pair in closest
    )


def _distinct(looks: Looks, labels: NDArray[np.int64]) -> tuple[Indices, Indices]:
    """The distinct looks of each label: for each image the number of its look, and for each look
    its first image. Looks are numbered in the order of their first images.
    """
    words = np.concatenate([looks.bits, looks.thumbnails.view(np.uint64)], axis=1)
    mixed = labels.astype(np.uint64)
    for word in words.T:
        mixed = (mixed ^ word) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    # Equal looks have equal hashes. What differs and has an equal hash only comes to lie beside.
    line = np.argsort(mixed, kind="stable")
    new = np.ones(len(line), np.bool_)
    new[1:] = (labels[line[1:]] != labels[line[:-1]]) | (words[line[1:]] != words[line[:-1]]).any(
        axis=1
    )
    firsts = line[new]
    look_of = np.empty(len(line), np.intp)
    rank = np.empty(len(firsts), np.intp)
    rank[np.argsort(firsts)] = np.arange(len(firsts))
    look_of[line] = rank[np.cumsum(new) - 1]
    return look_of, np.sort(firsts)


def _in_former_order(numbers: Indices, order: Indices) -> NDArray[np.int64]:
    """Number 0, 1, 2 …, one for each image in the order it had before `order` was applied."""
    result = np.empty(len(order), np.int64)
    result[order] = np.unique(numbers, return_inverse=True)[1]
    return result
