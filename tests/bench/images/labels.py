"""How many wrong labels the report of a dataset version finds.

A ResNet-18 learns the digits of which some carry a wrong label, as a run of a user would; then its
features and a probe say whose labels are suspect.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from dandelion_demo.data import digits
from dandelion_training.data.images.inspect import Geometry, window_of
from dandelion_training.data.images.pixels import PixelFile, Pixels
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.served import Served, targets
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.evaluate.labels.features import label_suspects
from dandelion_training.learn import network as networks
from dandelion_training.learn.recipe import LABEL_SMOOTHING, adamw, learning_rate

from tests.bench.figures import Figure

FLIPPED = 0.05  # share of the labels
EPOCHS = 3
BATCH = 64
RATE = 1e-3
GEOMETRY = Geometry(36, 32)
FIRST = 50


@dataclass(frozen=True)
class WronglyLabelled:
    """A dataset with the truth of the images that carry another label, by SHA-256."""

    dataset: Dataset
    truth: Mapping[str, str]


def measure() -> list[Figure]:
    """Seconds are of two threads beside whatever else the machine does."""
    with tempfile.TemporaryDirectory() as folder:
        made = wrongly_labelled(Path(folder) / "pixels")
        began = time.monotonic()
        network = trained(made.dataset, EPOCHS)
        learnt = time.monotonic()
        suspects = label_suspects(network, made.dataset, GEOMETRY, torch.device("cpu"))
        ended = time.monotonic()
    flipped = len(made.truth)
    found = [suspect.entry.sha256 in made.truth for suspect in suspects.found]
    corrected = sum(
        made.truth.get(suspect.entry.sha256) == suspect.suggested for suspect in suspects.found
    )
    images = len(made.dataset.entries)
    return [
        Figure("labels flipped, of the digits", f"{flipped} of {images:,}"),
        Figure(
            f"flipped among the first {FIRST} suspects", sum(found[:FIRST]) / FIRST, "", "≥ 0.8"
        ),
        Figure(
            f"share of the flipped among the first {2 * flipped} suspects",
            round(sum(found[: 2 * flipped]) / flipped, 3),
            "",
            "≥ 0.8",
        ),
        Figure("flipped whose right class is suggested", round(corrected / flipped, 3)),
        Figure(f"ResNet-18 at 32 pixels, {EPOCHS} epochs", round(learnt - began, 1), "s"),
        Figure("features and probe", round(ended - learnt, 1), "s"),
    ]


def wrongly_labelled(pixels: Path) -> WronglyLabelled:
    """The digits; `FLIPPED` of them, chosen by chance, are labelled as another digit."""
    images = {hashlib.sha256(item.content).hexdigest(): item for item in digits().seen}
    names = sorted(images)
    classes = tuple(sorted({item.label for item in images.values()}))
    chance = np.random.default_rng(7)
    chosen = chance.choice(len(names), int(FLIPPED * len(names)), replace=False)
    steps = chance.integers(1, len(classes), len(chosen))
    wrong = {
        names[index]: classes[(classes.index(images[names[index]].label) + step) % len(classes)]
        for index, step in zip(chosen.tolist(), steps.tolist(), strict=True)
    }
    with PixelFile(pixels) as file:
        for name, item in images.items():
            file.add(name, window_of(item.content, GEOMETRY))
        windows: Pixels = file.close()
    entries = tuple(
        Entry(item.key, name, wrong.get(name, item.label), Split.TRAIN)
        for name, item in sorted(images.items(), key=lambda found: found[1].key)
    )
    version = DatasetVersion("s3://datasets/digits", classes, 0.2, entries)
    return WronglyLabelled(
        Dataset(version, None, windows), {name: images[name].label for name in wrong}
    )


def trained(dataset: Dataset, epochs: int) -> torch.nn.Module:
    """A ResNet-18 that learnt all of the dataset, wrong labels as well as right ones."""
    device = torch.device("cpu")
    network = networks.build("resnet18", len(dataset.classes), seed=0)
    served = Served(dataset.entries, dataset.classes, dataset.pixels, GEOMETRY, device)
    optimizer, chance = adamw(network), np.random.default_rng(0)
    batches = len(dataset.entries) // BATCH
    network.train()
    for epoch in range(epochs):
        order = np.array_split(chance.permutation(len(dataset.entries)), batches)
        for number, chosen in enumerate(order):
            entries = [dataset.entries[index] for index in chosen]
            rate = learning_rate("OneCycle", epoch * batches + number, epochs * batches, RATE)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = torch.nn.functional.cross_entropy(
                network(served.seen(entries)),
                targets(entries, dataset.classes, device),
                label_smoothing=LABEL_SMOOTHING,
            )
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    return network
