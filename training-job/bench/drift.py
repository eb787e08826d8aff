"""How soon drift of the images shows in a model's answers, by which statistic.

Usage: `python drift.py [--photos FOLDER]`; prints JSON. Of what a network says to images that it
did not learn from, one half by chance, again and again, is a holdout, which sets the thresholds;
the other half are images of later, which are shifted, and windows of these are compared with the
holdout. Power is the share of windows above a threshold, at a false alarm rate of 1 % a window.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from answering import Asked, Seen, asked, worlds
from dandelion_training.evaluate.figures.calibration import fitted_temperature
from dandelion_training.evaluate.figures.drift import (
    RATE,
    WINDOWS,
    ServedAnswers,
    Statistic,
    by_chance,
    jointly,
    resampled,
)
from dandelion_training.evaluate.figures.reference import served_answers
from numpy.typing import NDArray
from shifts import HARMS, MIX, NONE, UNSEEN, drawn

SPLITS = 20  # into holdout and images of later
DRAWN = 20  # windows of a split
REPLICATES = 2000
SMALL_HOLDOUTS = (20, 50, 100)

ASKED: Mapping[str, Sequence[Statistic]] = {
    "KS of the softmax": [Statistic.PROBABILITIES],
    "drop of confidence": [Statistic.CONFIDENCE],
    "both": [Statistic.PROBABILITIES, Statistic.CONFIDENCE],
    "log density": [Statistic.LOG_DENSITY],
    "features": [Statistic.FEATURES],
    "all but features": [each for each in Statistic if each is not Statistic.FEATURES],
    "all four": list(Statistic),
}
KEY = ("images", "holdout", "shift", "statistic", "window")
Row = Mapping[str, object]
Found = Mapping[Statistic, NDArray[np.float64]]
Thresholds = Mapping[tuple[int, str], NDArray[np.float64]]


def answers(found: Seen, temperature: float) -> ServedAnswers:
    classes = [str(number) for number in range(found.logits.shape[1])]
    said = served_answers(found.logits, classes, temperature, found.log_density, found.features)
    return said.first(len(found.logits))


def thresholds(holdout: ServedAnswers) -> Thresholds:
    """By the size of a window and what is asked of it."""
    sizes = [size for size in WINDOWS if size <= len(holdout.confidence)]
    return {
        (size, name): jointly(np.column_stack([found[each] for each in statistics]), RATE)
        for size, found in by_chance(holdout, sizes, REPLICATES).items()
        for name, statistics in ASKED.items()
    }


def exceeded(found: Found, told: Thresholds, size: int) -> dict[str, float]:
    """By what is asked: the share of windows above a threshold."""
    return {
        name: float((np.column_stack([found[e] for e in each]) > told[size, name]).any(1).mean())
        for name, each in ASKED.items()
    }


def measured(found: Asked, images: int | None, seed: int) -> Iterator[Row]:
    """A row a split, shift, size and question; with a holdout of so many images, without shifts."""
    chance = np.random.default_rng(seed)
    known = images or len(found.labels) // 2
    for _ in range(SPLITS):
        holdout, later = np.split(chance.permutation(len(found.labels)), [known])
        base = found.seen.of(holdout)
        temperature = fitted_temperature(base.logits, found.labels[holdout])
        told = thresholds(answers(base, temperature))
        shifts = [NONE] if images else [NONE, *HARMS, MIX, UNSEEN]
        for shift in shifts:
            shifted = found.harmed.get(shift, found.seen).of(later)
            both = answers(base.and_of(shifted, found.unseen), temperature)
            right = (shifted.logits.argmax(axis=1) == found.labels[later]).mean()
            for size in (size for size in WINDOWS if size <= known):
                windows = known + np.stack(
                    [
                        drawn(shift, size, found.labels[later], len(found.unseen.logits), chance)
                        for _ in range(DRAWN)
                    ]
                )
                references = np.zeros((DRAWN, len(both.confidence)), np.int32)
                references[:, :known] = 1
                scores = resampled(both, references, windows)
                for name, share in exceeded(scores, told, size).items():
                    yield {
                        "holdout": str(images or "half of them"),
                        "shift": shift,
                        "window": size,
                        "statistic": name,
                        "power": share,
                        "accuracy": float(right),
                    }


def of_network(photos: Path | None, seed: int) -> list[Row]:
    """All that is measured of one network; one thread, as many networks are measured at once."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    world = worlds(photos)[seed]
    found = asked(world, seed)
    told = [row for images in (None, *SMALL_HOLDOUTS) for row in measured(found, images, seed)]
    print(world.name, seed, file=sys.stderr)
    return [{"images": world.name, **row} for row in told]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    seeds = range(len(worlds(chosen.photos)))
    rows: dict[tuple[object, ...], list[tuple[float, float]]] = {}
    with ProcessPoolExecutor(chosen.processes, get_context("spawn")) as pool:
        for found in pool.map(partial(of_network, chosen.photos), seeds):
            for row in found:
                key = tuple(row[each] for each in KEY)
                rows.setdefault(key, []).append(
                    (float(str(row["power"])), float(str(row["accuracy"])))
                )
    means = (np.mean(pairs, axis=0).tolist() for pairs in rows.values())
    print(
        json.dumps(
            [
                dict(zip(KEY, key, strict=True)) | {"power": power, "accuracy": accuracy}
                for key, (power, accuracy) in zip(rows, means, strict=True)
            ]
        )
    )


if __name__ == "__main__":
    main()
