"""How far the difference in macro F1 could be chance.

Macro F1 is no mean over images, so no formula gives its interval. The bootstrap draws the holdout
anew, with repetition, and looks how the difference moves: Efron and Tibshirani (1993), "An
introduction to the bootstrap", chapter 13. It is paired: each draw counts for both models. It takes
images for independent; a burst of near-duplicates in the holdout makes it a little too sure.

An image matters only by its cell (truth, challenger's answer, champion's answer), so a draw is a
draw of how often each cell comes: a few thousand numbers instead of 100,000 images.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

RESAMPLES = 2000
# The quantiles of challenger − champion that a record keeps: 0.5 %, 1 %, …, 99.5 %.
QUANTILES = tuple(number / 200 for number in range(1, 200))
RARE = 16  # images of a cell; below, drawing them one by one is faster
CELLS = 1 << 21  # of all draws that are in memory at once


def bootstrapped(
    label: Counts,
    challenger: Counts,
    champion: Counts,
    classes: int,
    seed: str,
    resamples: int = RESAMPLES,
) -> tuple[float, ...]:
    """The quantiles of the difference in macro F1, over `classes` classes.

    Truth and answers are an item an image; an answer of `classes` or above is no class that counts.
    A class that a draw leaves without images is left out of both means of that draw.
    """
    cells, count = _cells(label, challenger, champion, classes)
    chance = np.random.default_rng(list(hashlib.sha256(seed.encode()).digest()))
    found = np.concatenate([cells.differences(drawn) for drawn in _draws(count, resamples, chance)])
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


def _cells(
    label: Counts, challenger: Counts, champion: Counts, classes: int
) -> tuple[_Cells, Counts]:
    """The cells that occur, and the images in each."""
    side = classes + 1
    codes, count = np.unique(
        (label * side + np.minimum(challenger, classes)) * side + np.minimum(champion, classes),
        return_counts=True,
    )
    rest, third = np.divmod(codes, side)
    first, second = np.divmod(rest, side)
    return _Cells(classes, first, second, third), count.astype(np.int64)


def _draws(count: Counts, resamples: int, chance: np.random.Generator) -> Iterator[Counts]:
    """Cells × draws, some draws at a time: the images of each cell, their sum that of `count`.

    That is one multinomial distribution. Cells of few images are thousands where a model is weak
    and has many classes; how many images fall to all of them together is drawn first, and then
    those images one by one.
    """
    images = int(count.sum())
    common, rare = np.flatnonzero(count >= RARE), np.flatnonzero(count < RARE)
    groups = np.append(count[common], count[rare].sum()) if len(rare) else count
    members = np.repeat(rare, count[rare])  # an item an image
    rows = max(1, CELLS // len(count))
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        split = chance.multinomial(images, groups / images, size=size)
        drawn = np.zeros((len(count), size), np.int64)
        if len(members):
            many = split[:, -1]
            chosen = members[chance.integers(len(members), size=int(many.sum()))]
            place = chosen * size + np.repeat(np.arange(size), many)
            drawn += np.bincount(place, minlength=drawn.size).reshape(drawn.shape)
        drawn[common] = split[:, : len(common)].T
        yield drawn
