"""Pairs of models with a known macro F1, and the paired bootstrap of its difference.

An image falls into one cell: its label, what the champion and what the challenger answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHARES = (0.4, 0.25, 0.15, 0.12, 0.08)  # of the images, by class
RIGHT = 0.9  # the champion's recall of every class
DISCORDANCE = 0.08
RESAMPLES = 999
QUANTILES = np.arange(1, 200) / 200


@dataclass(frozen=True)
class Population:
    """Where the images of all holdouts come from: a chance for each cell, and what a cell means."""

    cells: Floats
    labels: Ints
    champion: Ints
    challenger: Ints

    @cached_property
    def _indicators(self) -> Floats:
        """Per cell: right, answered and labelled, a class each, of the champion and challenger."""
        classes = np.arange(len(SHARES))
        label = self.labels[:, None] == classes
        both = []
        for answers in (self.champion, self.challenger):
            answered = answers[:, None] == classes
            both += [label & answered, answered, label]
        return np.concatenate(both, axis=1).astype(np.float64)

    def macro_f1(
        self, counts: Floats | Ints, cells: slice | Ints = slice(None)
    ) -> tuple[Floats, Floats]:
        """Champion's and challenger's macro F1 over the classes that have an image.

        `counts` are draws × `cells`, or one draw of them.
        """
        sums = (counts @ self._indicators[cells]).reshape(*counts.shape[:-1], 2, 3, len(SHARES))
        right, answered, labelled = sums[..., 0, :], sums[..., 1, :], sums[..., 2, :]
        scores = 2 * right / np.maximum(answered + labelled, 1e-12)
        found = scores.sum(axis=-1) / (labelled > 0).sum(axis=-1)
        return found[..., 0], found[..., 1]

    def paired(self, counts: Ints) -> tuple[int, int, int, int]:
        """Images that both, the challenger, the champion, and neither got right."""
        champion, challenger = self.champion == self.labels, self.challenger == self.labels
        kinds = (
            champion & challenger,
            challenger & ~champion,
            champion & ~challenger,
            ~champion & ~challenger,
        )
        right, alone, champion_alone, wrong = (int(counts[kind].sum()) for kind in kinds)
        return right, alone, champion_alone, wrong


def paired_bootstrap(
    population: Population, counts: Ints, random: np.random.Generator
) -> tuple[float, float, Floats]:
    """Challenger, champion, and quantiles of their difference over resamples of the images."""
    champion, challenger = population.macro_f1(counts)
    seen = np.flatnonzero(counts)
    images = int(counts.sum())
    resamples = random.multinomial(images, counts[seen] / images, RESAMPLES)
    again_champion, again_challenger = population.macro_f1(resamples, seen)
    quantiles = np.quantile(again_challenger - again_champion, QUANTILES)
    return float(challenger), float(champion), quantiles


def harmed(where: str, truth: float) -> Population:
    """A challenger whose macro F1 differs from the champion's by `truth`, in `where`."""
    low, high = -0.5, 0.5
    for _ in range(60):
        middle = (low + high) / 2
        found = population(where, middle)
        champion, challenger = found.macro_f1(found.cells)
        if challenger - champion < truth:
            low = middle
        else:
            high = middle
    return population(where, high)


def population(where: str, gain: float) -> Population:
    """The challenger's recall is `gain` above the champion's, in every class or in the rarest."""
    cells: dict[tuple[int, int, int], float] = {}
    classes = range(len(SHARES))
    for label, share in enumerate(SHARES):
        change = gain if where == "every class" or label == len(SHARES) - 1 else 0.0
        alone = max(DISCORDANCE / 2 + change / 2, change, 0.0)
        champion_alone = alone - change
        cells[label, label, label] = share * (RIGHT - champion_alone)
        for other in classes:
            if other != label:
                part = share / (len(SHARES) - 1)
                cells[label, other, label] = part * alone
                cells[label, label, other] = part * champion_alone
                cells[label, other, other] = part * (1 - RIGHT - alone)
    keys = np.array(list(cells))
    chances = np.clip(np.array(list(cells.values())), 0, None)
    return Population(chances / chances.sum(), keys[:, 0], keys[:, 1], keys[:, 2])
