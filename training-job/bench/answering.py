"""Networks that learn from half of some real images as a run does, and what they say to the other
half, as it is and harmed, and to a class that they have never seen: what `drift.py` draws from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import strangers
import torch
from dandelion_training.data.images.inspect import serving_crop, window
from dandelion_training.data.served import normalised, scaled
from dandelion_training.export.density import WithLogDensity, fitted
from dandelion_training.learn.network import build
from dandelion_training.learn.variation import Augmentation
from learning import examples, feeding, geometry, learn, resized
from numpy.typing import NDArray
from PIL import Image
from shifts import HARMS, Pixels, Places

ARCHITECTURE = "resnet18"
AT_ONCE = 64


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
    """What a network makes of images: logits, log densities and standardised features."""

    logits: NDArray[np.float32]
    log_density: NDArray[np.float32]
    features: NDArray[np.float32]

    def of(self, places: Places) -> "Seen":
        return Seen(self.logits[places], self.log_density[places], self.features[places])

    def and_of(self, *others: "Seen") -> "Seen":
        return Seen(
            np.concatenate([self.logits, *(other.logits for other in others)]),
            np.concatenate([self.log_density, *(other.log_density for other in others)]),
            np.concatenate([self.features, *(other.features for other in others)]),
        )


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
