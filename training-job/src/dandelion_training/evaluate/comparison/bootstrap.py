"""How far the difference in macro F1 could be chance.

Macro F1 is no mean over images, so no formula gives its interval. The bootstrap draws the holdout
anew, with repetition, and looks how the difference moves: Efron and Tibshirani (1993), "An
introduction to the bootstrap", chapter 13. It is paired: each draw counts for both models.

What is drawn are groups of near-duplicates, most of which are single images: ten photos of one
flower are one piece of evidence, and drawing images would take them for ten (the cluster bootstrap:
Davison and Hinkley (1997), "Bootstrap methods and their application", section 3.8; Field and Welsh
(2007), "Bootstrapping clustered data", Journal of the Royal Statistical Society B 69).

An image matters only by its cell (truth, challenger's answer, champion's answer), and a group by
the cells of its images, so a draw is a draw of how often each kind of group comes: a few thousand
numbers instead of 100,000 images.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

RESAMPLES = 2000
# The quantiles of challenger − champion that a record keeps: 0.5 %, 1 %, …, 99.5 %.
QUANTILES = tuple(number / 200 for number in range(1, 200))
RARE = 16  # groups of a kind; below, drawing them one by one is faster
CELLS = 1 << 21  # or kinds, of all draws that are in memory at once


def bootstrapped(
    label: Counts,
    challenger: Counts,
    champion: Counts,
    classes: int,
    seed: str,
    resamples: int = RESAMPLES,
    groups: Counts | None = None,
) -> tuple[float, ...]:
    """The quantiles of the difference in macro F1, over `classes` classes.

    Truth and answers are an item an image, and so is the number of the group that it belongs to;
    without `groups` each image is one. An answer of `classes` or above is no class that counts. A
    class that a draw leaves without images is left out of both means of that draw. A single group
    tells nothing of chance: the quantiles then go evenly from -1 to 1.
    """
    cells, cell = _cells(label, challenger, champion, classes)
    kinds, count = _kinds(cell, groups if groups is not None else np.arange(len(cell)))
    if count.sum() < 2:
        return tuple(2 * share - 1 for share in QUANTILES)
    rows = max(1, CELLS // max(len(count), len(cells.label), len(kinds.kind)))
    chance = np.random.default_rng(list(hashlib.sha256(seed.encode()).digest()))
    found = np.concatenate(
        [
            cells.differences(kinds.images(drawn, len(cells.label)))
            for drawn in _draws(count, resamples, rows, chance)
        ]
    )
    return tuple(np.quantile(found, QUANTILES).tolist())


@dataclass(frozen=True, eq=False)
class _Cells:
    """What is the same about the images of one cell."""

    classes: int
    label: Counts
    challenger: Counts
    champion: Counts

    def differences(self, drawn: Counts) -> NDArray[np.float64]:
        """Challenger − champion for each column of cells × draws."""
        support = self._by_class(drawn, self.label)
        held = support > 0
        difference = np.zeros(drawn.shape[1])
        for sign, answer in ((1, self.challenger), (-1, self.champion)):
            hit = np.flatnonzero(answer == self.label)
            right = self._by_class(drawn[hit], answer[hit])
            said = np.flatnonzero(answer < self.classes)
            answered = self._by_class(drawn[said], answer[said])
            f1 = np.divide(2 * right, support + answered, out=np.zeros(support.shape), where=held)
            difference += sign * f1.sum(axis=0) / held.sum(axis=0)
        return difference

    def _by_class(self, drawn: Counts, keys: Counts) -> Counts:
        """The images of each draw by class: classes × draws."""
        summed = np.zeros((self.classes, drawn.shape[1]), np.int64)
        if len(keys):
            order = np.argsort(keys, kind="stable")
            present, starts = np.unique(keys[order], return_index=True)
            summed[present] = np.add.reduceat(drawn[order], starts, axis=0)
        return summed


@dataclass(frozen=True, eq=False)
class _Kinds:
    """Of which cells the groups of one kind consist. The first kinds are the single images of the
    cells in `single`; those after them have `number` images of a cell, as triples in three arrays.
    """

    single: Counts
    kind: Counts
    cell: Counts
    number: Counts

    def images(self, drawn: Counts, cells: int) -> Counts:
        """From kinds × draws, the groups that were drawn, to cells × draws, their images."""
        found = np.zeros((cells, drawn.shape[1]), np.int64)
        found[self.single] = drawn[: len(self.single)]
        np.add.at(found, self.cell, drawn[self.kind] * self.number[:, np.newaxis])
        return found


def _cells(
    label: Counts, challenger: Counts, champion: Counts, classes: int
) -> tuple[_Cells, Counts]:
    """The cells that occur, and the cell of each image."""
    side = classes + 1
    codes, cell = np.unique(
        (label * side + np.minimum(challenger, classes)) * side + np.minimum(champion, classes),
        return_inverse=True,
    )
    rest, third = np.divmod(codes, side)
    first, second = np.divmod(rest, side)
    return _Cells(classes, first, second, third), cell.astype(np.int64)


def _kinds(cell: Counts, groups: Counts) -> tuple[_Kinds, Counts]:
    """The kinds of groups that occur, and the groups of each."""
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    alone = size[group] == 1
    single, counted = np.unique(cell[alone], return_counts=True)
    rest = np.flatnonzero(~alone)
    rest = rest[np.lexsort((cell[rest], group[rest]))]
    starts = np.flatnonzero(np.diff(group[rest], prepend=-1))
    contents = Counter(tuple(part.tolist()) for part in np.split(cell[rest], starts)[1:])
    triples = [
        (len(single) + number, *pair)
        for number, content in enumerate(contents)
        for pair in Counter(content).items()
    ]
    kind, place, images = np.array(triples, np.int64).reshape(-1, 3).T
    return _Kinds(single, kind, place, images), np.append(counted, [*contents.values()]).astype(
        np.int64
    )


def _draws(
    count: Counts, resamples: int, rows: int, chance: np.random.Generator
) -> Iterator[Counts]:
    """Kinds × draws, `rows` draws at a time: the groups of each kind, their sum that of `count`.

    That is one multinomial distribution. Kinds of few groups are thousands where a model is weak
    and has many classes; how many groups fall to all of them together is drawn first, and then
    those groups one by one.
    """
    groups = int(count.sum())
    common, rare = np.flatnonzero(count >= RARE), np.flatnonzero(count < RARE)
    shares = np.append(count[common], count[rare].sum()) if len(rare) else count
    members = np.repeat(rare, count[rare])  # an item a group
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        split = chance.multinomial(groups, shares / groups, size=size)
        drawn = np.zeros((len(count), size), np.int64)
        if len(members):
            many = split[:, -1]
            chosen = members[chance.integers(len(members), size=int(many.sum()))]
            place = chosen * size + np.repeat(np.arange(size), many)
            drawn += np.bincount(place, minlength=drawn.size).reshape(drawn.shape)
        drawn[common] = split[:, : len(common)].T
        yield drawn
