"""How soon drift of the images shows in a model's answers, by which statistic.

Usage: `python drift.py [--photos FOLDER]`; prints JSON. Networks learn from half of some real
images as a run does. The other half is parted by chance, again and again, into a holdout, which
sets the thresholds, and images of later, which are shifted; windows of these are compared with the
holdout. Power is the share of windows above a threshold, at a false alarm rate of 1 % a window.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import strangers
import torch
from dandelion_training.data.images.inspect import serving_crop, window
from dandelion_training.data.served import normalised, scaled
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
from dandelion_training.export.density import WithLogDensity, fitted
from dandelion_training.learn.network import build
from dandelion_training.learn.variation import Augmentation
from learning import examples, feeding, geometry, learn, resized
from numpy.typing import NDArray
from PIL import Image, ImageFilter

ARCHITECTURE = "resnet18"
AT_ONCE = 64
SPLITS = 20  # into holdout and images of later
DRAWN = 20  # windows of a split
REPLICATES = 2000
SMALL_HOLDOUTS = (20, 50, 100)

Pixels = NDArray[np.uint8]
Places = NDArray[np.int64]
Chance = np.random.Generator


@dataclass(frozen=True)
class World:
    """What one network learns and is asked: images of classes, and some of a class that it has
    never seen."""

    name: str
    images: Sequence[strangers.Labelled]
    unseen: Sequence[Image.Image]
    side: int
    epochs: int


@dataclass(frozen=True)
class Seen:
    """What a network makes of images: logits and log densities."""

    logits: NDArray[np.float32]
    log_density: NDArray[np.float32]

    def of(self, places: Places) -> "Seen":
        return Seen(self.logits[places], self.log_density[places])

    def and_of(self, *others: "Seen") -> "Seen":
        return Seen(
            np.concatenate([self.logits, *(other.logits for other in others)]),
            np.concatenate([self.log_density, *(other.log_density for other in others)]),
        )


def blurred(share: float) -> Callable[[Pixels, Chance], Pixels]:
    """By a Gaussian whose deviation is this share of the side."""

    def harm(pixels: Pixels, chance: Chance) -> Pixels:
        radius = share * pixels.shape[0]
        return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))

    return harm


def noisy(share: float) -> Callable[[Pixels, Chance], Pixels]:
    """By normal noise whose deviation is this share of the range of values."""
    return lambda pixels, chance: clipped(pixels + chance.normal(0, share * 255, pixels.shape))


def darkened(share: float) -> Callable[[Pixels, Chance], Pixels]:
    """By this share of the range."""
    return lambda pixels, chance: clipped(pixels - share * 255)


def clipped(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


HARMS: Mapping[str, Callable[[Pixels, Chance], Pixels]] = {
    "blur, 4 % of the side": blurred(0.04),
    "blur, 8 %": blurred(0.08),
    "noise, 8 % of the range": noisy(0.08),
    "noise, 16 %": noisy(0.16),
    "darker by 20 % of the range": darkened(0.2),
    "darker by 35 %": darkened(0.35),
}
NONE, MIX, UNSEEN = "none", "half of one class", "20 % of an unseen class"

ASKED: Mapping[str, Sequence[Statistic]] = {
    "KS of the softmax": [Statistic.PROBABILITIES],
    "drop of confidence": [Statistic.CONFIDENCE],
    "both": [Statistic.PROBABILITIES, Statistic.CONFIDENCE],
    "log density": [Statistic.LOG_DENSITY],
    "all three": list(Statistic),
}
Found = Mapping[Statistic, NDArray[np.float64]]
Thresholds = Mapping[tuple[int, str], NDArray[np.float64]]


@dataclass(frozen=True)
class Asked:
    """A network's answers to the half that it did not learn from: as it is, and harmed."""

    labels: Places
    seen: Seen
    harmed: Mapping[str, Seen]
    unseen: Seen


def asked(world: World, seed: int) -> Asked:
    """Train, and ask about everything."""
    chance = np.random.default_rng(seed)
    names = sorted({label for _, label in world.images})
    labels = np.array([names.index(label) for _, label in world.images])
    train, rest = np.split(chance.permutation(len(labels)), [len(labels) // 2])

    def of(places: Places) -> list[Image.Image]:
        return [world.images[place][0] for place in places.tolist()]

    learnt_from = examples(of(train), labels[train].tolist(), world.side)
    network = build(ARCHITECTURE, len(names), seed)
    with feeding(learnt_from, world.side, Augmentation(), threads=1, seed=seed) as batches:
        learn(network, batches, learnt_from.counts(), world.epochs)
    one_by_one = (shown([crop]) for crop in crops(of(train), world.side))
    whole = WithLogDensity(network, fitted(network, one_by_one))
    kept = crops(of(rest), world.side)
    return Asked(
        labels[rest],
        seen(whole, kept),
        {name: seen(whole, [harm(crop, chance) for crop in kept]) for name, harm in HARMS.items()},
        seen(whole, crops(world.unseen, world.side)),
    )


def crops(images: Sequence[Image.Image], side: int) -> list[Pixels]:
    served = geometry(side)
    return [
        np.asarray(serving_crop(window(resized(image, served), served), served)) for image in images
    ]


def shown(pixels: Sequence[Pixels]) -> NDArray[np.float32]:
    """NCHW, as they are served."""
    return np.asarray(normalised(scaled(list(pixels))).numpy())


def seen(whole: WithLogDensity, pixels: Sequence[Pixels]) -> Seen:
    whole.eval()
    with torch.inference_mode():
        outputs = [
            whole(torch.from_numpy(shown(pixels[start : start + AT_ONCE])))
            for start in range(0, len(pixels), AT_ONCE)
        ]
    return Seen(*(torch.cat(each).numpy() for each in zip(*outputs, strict=True)))


def answers(found: Seen, temperature: float) -> ServedAnswers:
    classes = [str(number) for number in range(found.logits.shape[1])]
    said = served_answers(found.logits, classes, temperature, found.log_density)
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


def measured(found: Asked, images: int | None, seed: int) -> Iterator[dict[str, object]]:
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


def drawn(shift: str, size: int, labels: Places, unseen: int, chance: Chance) -> Places:
    """Places of one window among the images of later and the unseen ones behind them."""
    images = len(labels)
    if shift == UNSEEN:
        few = size // 5
        others = images + chance.choice(unseen, few, replace=False)
        return np.append(some(np.arange(images), size - few, chance), others)
    if shift == MIX:
        own = np.flatnonzero(labels == chance.choice(labels))
        return np.append(
            some(np.arange(images), size - size // 2, chance), some(own, size // 2, chance)
        )
    return some(np.arange(images), size, chance)


def some(places: Places, number: int, chance: Chance) -> Places:
    """None of them twice, where there are enough."""
    return np.asarray(chance.choice(places, number, replace=number > len(places)))


def worlds(photos: Path | None) -> list[World]:
    digits = strangers.digits()
    found = [
        World(
            "digits",
            [item for item in digits if item[1] != left_out],
            [image for image, label in digits if label == left_out],
            side=32,
            epochs=4,
        )
        for left_out in "380"
    ]
    if photos is not None:
        lawn = strangers.photos(photos)
        found += [
            World(
                "photos", lawn, strangers.crops("china.jpg", 200, np.random.default_rng(0)), 96, 24
            )
        ] * 3
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.use_deterministic_algorithms(True)
    rows: dict[tuple[object, ...], list[tuple[float, float]]] = {}
    for seed, world in enumerate(worlds(chosen.photos)):
        found = asked(world, seed)
        for images in (None, *SMALL_HOLDOUTS):
            for row in measured(found, images, seed):
                key = (world.name, *(row[each] for each in ("holdout", "shift", "statistic")))
                pair = float(str(row["power"])), float(str(row["accuracy"]))
                rows.setdefault((*key, row["window"]), []).append(pair)
        print(world.name, seed, file=sys.stderr)
    print(
        json.dumps(
            [
                {
                    "images": name,
                    "holdout": holdout,
                    "shift": shift,
                    "statistic": statistic,
                    "window": size,
                    "power": float(np.mean([power for power, _ in pairs])),
                    "accuracy": float(np.mean([accuracy for _, accuracy in pairs])),
                }
                for (name, holdout, shift, statistic, size), pairs in rows.items()
            ]
        )
    )


if __name__ == "__main__":
    main()
