"""Which score tells images of no class from those of the classes.

Usage: `python unknown.py [--photos FOLDER]`; prints JSON. Networks learn from real images as a run
does, some classes left out. Then each score ranks images of the classes that were not learnt from
above the left-out ones (near) and above noise, textures, text and photos (far): AUROC, and the
share below the threshold that a holdout sets as training does. Means over the partitions.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import strangers
import torch
from dandelion_training.data.images.inspect import serving_crop, window
from dandelion_training.data.served import normalised, scaled
from dandelion_training.evaluate.figures.calibration import (
    confidences,
    fitted_temperature,
    unknown_scores,
    unknown_threshold,
)
from dandelion_training.export.density import WithLogDensity, fitted
from dandelion_training.learn.network import build
from dandelion_training.learn.variation import Augmentation
from learning import examples, feeding, geometry, learn, resized
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score

ARCHITECTURE = "resnet18"
FAR = 100  # images of a kind
AT_ONCE = 64

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Partition:
    """What one network learns: images of classes, of which some are left out."""

    name: str
    images: Sequence[strangers.Labelled]
    left_out: frozenset[str]
    others: Sequence[Image.Image]  # real images of another world
    side: int
    epochs: int


@dataclass(frozen=True)
class Seen:
    """What a network makes of images: logits, the features that its head is given, densities."""

    logits: NDArray[np.float32]
    features: Floats
    log_density: NDArray[np.float32]


@dataclass(frozen=True)
class Learnt:
    """What the scores may rest on: training images, and a temperature of the holdout's."""

    seen: Seen
    labels: NDArray[np.int64]
    temperature: float

    def means(self, features: Floats) -> Floats:
        return np.stack([features[self.labels == c].mean(axis=0) for c in np.unique(self.labels)])


Score = Callable[[Seen, Learnt], Floats]


def highest_probability(seen: Seen, learnt: Learnt) -> Floats:
    return confidences(seen.logits, learnt.temperature)


def energy(seen: Seen, _learnt: Learnt) -> Floats:
    """log Σ exp z: Liu, Wang, Owens and Li (2020), "Energy-based out-of-distribution detection"."""
    return np.asarray(np.logaddexp.reduce(seen.logits.astype(np.float64), axis=1))


def nearest_mean(seen: Seen, learnt: Learnt) -> Floats:
    means = learnt.means(learnt.seen.features)
    away = np.linalg.norm(seen.features[:, np.newaxis] - means, axis=2)
    return np.asarray(-away.min(axis=1))


def mahalanobis(seen: Seen, learnt: Learnt) -> Floats:
    """To the nearest class mean under one covariance: Lee, Lee, Lee and Shin (2018)."""
    means = learnt.means(learnt.seen.features)
    away = learnt.seen.features - means[learnt.labels]
    covariance = away.T @ away / len(away)
    sphere = np.eye(len(covariance)) * covariance.trace() / len(covariance)
    root = np.linalg.inv(np.linalg.cholesky(0.95 * covariance + 0.05 * sphere)).T
    whitened = (seen.features[:, np.newaxis] - means) @ root
    return np.asarray(-np.square(whitened).sum(axis=2).min(axis=1))


def nearest_neighbour(seen: Seen, learnt: Learnt) -> Floats:
    """The cosine to the nearest training image: Sun, Ming, Zhu and Li (2022), "Out-of-distribution
    detection with deep nearest neighbors", ICML."""
    found = _unit(seen.features) @ _unit(learnt.seen.features).T
    return np.asarray(found.max(axis=1))


def log_density(seen: Seen, _learnt: Learnt) -> Floats:
    return seen.log_density.astype(np.float64)


def probability_and_log_density(seen: Seen, learnt: Learnt) -> Floats:
    return unknown_scores(seen.logits, learnt.temperature, seen.log_density)


def _unit(features: Floats) -> Floats:
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True))


SCORES: Mapping[str, Score] = {
    "highest probability": highest_probability,
    "energy": energy,
    "nearest class mean": nearest_mean,
    "Mahalanobis to class means": mahalanobis,
    "nearest neighbour": nearest_neighbour,
    "log density": log_density,
    "highest probability + log density": probability_and_log_density,
}


def measured(partition: Partition, seed: int) -> dict[str, dict[str, float]]:
    """By score: what it does on the partition."""
    chance = np.random.default_rng(seed)
    inside = [item for item in partition.images if item[1] not in partition.left_out]
    near = [image for image, label in partition.images if label in partition.left_out]
    far = strangers.far(FAR, chance, partition.others)
    names = sorted({label for _, label in inside})
    labels = np.array([names.index(label) for _, label in inside])
    train, holdout, test = np.split(
        chance.permutation(len(inside)), [int(0.7 * len(inside)), int(0.85 * len(inside))]
    )

    def of(places: NDArray[np.int64]) -> list[Image.Image]:
        return [inside[place][0] for place in places.tolist()]

    learnt_from = examples(of(train), labels[train].tolist(), partition.side)
    network = build(ARCHITECTURE, len(names), seed)
    with feeding(learnt_from, partition.side, Augmentation(), threads=1, seed=seed) as batches:
        learn(network, batches, learnt_from.counts(), partition.epochs)
    shown = _shown(of(train), partition.side)
    whole = WithLogDensity(network, fitted(network, (image[np.newaxis] for image in shown)))
    held = _seen(whole, _shown(of(holdout), partition.side))
    learnt = Learnt(
        _seen(whole, shown), labels[train], fitted_temperature(held.logits, labels[holdout])
    )
    known = _seen(whole, _shown(of(test), partition.side))
    unknown = {"far": _seen(whole, _shown(far, partition.side))}
    if near:
        unknown["near"] = _seen(whole, _shown(near, partition.side))
    accuracy = float((known.logits.argmax(axis=1) == labels[test]).mean())
    found = {}
    for name, score in SCORES.items():
        threshold = unknown_threshold(score(held, learnt))
        assert threshold is not None
        kept = score(known, learnt)
        row = {"accuracy": accuracy, "kept": float((kept >= threshold).mean())}
        for kind, seen in unknown.items():
            scores = score(seen, learnt)
            truth = np.repeat([1, 0], [len(kept), len(scores)])
            row[f"{kind}Auroc"] = float(roc_auc_score(truth, np.concatenate([kept, scores])))
            row[f"{kind}Caught"] = float((scores < threshold).mean())
        found[name] = row
    return found


def _shown(images: Sequence[Image.Image], side: int) -> NDArray[np.float32]:
    """NCHW, as they are served."""
    served = geometry(side)
    crops = [serving_crop(window(resized(image, served), served), served) for image in images]
    return np.asarray(normalised(scaled(crops)).numpy())


def _seen(whole: WithLogDensity, images: NDArray[np.float32]) -> Seen:
    whole.eval()
    features: list[NDArray[np.float32]] = []
    head = whole.network.get_submodule("fc")
    hook = head.register_forward_pre_hook(lambda _head, given: features.append(given[0].numpy()))
    with torch.inference_mode():
        outputs = [
            whole(torch.from_numpy(images[start : start + AT_ONCE]))
            for start in range(0, len(images), AT_ONCE)
        ]
    hook.remove()
    logits, log_densities, _ = (torch.cat(found).numpy() for found in zip(*outputs, strict=True))
    return Seen(logits, np.concatenate(features).astype(np.float64), log_densities)


def partitions(photos: Path | None) -> list[Partition]:
    """The digits without some of them; where there are photos, all of their classes, and beside a
    class of town views all but one."""
    chance = np.random.default_rng(0)
    digits = strangers.digits()
    of_photos = strangers.photos(photos) if photos else []
    town = strangers.crops("china.jpg", 200, chance)
    elsewhere = [*town, *(image for image, _ in of_photos)]
    drawn = [image for image, _ in digits] + strangers.crops("flower.jpg", 200, chance)
    found = [
        Partition("digits", digits, frozenset(left_out), elsewhere, 32, epochs)
        for left_out, epochs in (("3", 4), ("0", 3), ("259", 6))
    ]
    if of_photos:
        found += [Partition("photos", of_photos, frozenset(), drawn + town, 64, 12)] * 2
        mixed = [*of_photos, *((image, "town") for image in town)]
        found += [
            Partition("photos and town", mixed, frozenset({name}), drawn, 64, 12)
            for name in sorted({label for _, label in of_photos})
        ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.use_deterministic_algorithms(True)
    by_name: dict[str, list[dict[str, dict[str, float]]]] = {}
    for seed, partition in enumerate(partitions(chosen.photos)):
        found = measured(partition, seed)
        by_name.setdefault(partition.name, []).append(found)
        print(partition.name, sorted(partition.left_out), json.dumps(found), file=sys.stderr)
    rows = [
        {
            "images": name,
            "networks": len(found),
            "score": score,
            **{
                figure: statistics.mean(one[score][figure] for one in found)
                for figure in found[0][score]
            },
        }
        for name, found in by_name.items()
        for score in SCORES
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
