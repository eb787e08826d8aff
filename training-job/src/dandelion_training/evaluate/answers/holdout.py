"""A model answers the holdout of a dataset version, on the engine and in the precision that serve.

`run/evaluation` calls `answered` for a challenger and a champion alike.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dandelion_training.data.images.inspect import Geometry, serving_crop
from dandelion_training.data.images.pixels import Pixels
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.served import Served, normalised, scaled
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.evaluate.answers.collector import Collected, Collector, calibration_images
from dandelion_training.evaluate.answers.sampling import sample
from dandelion_training.evaluate.figures.corruptions import IMAGES, Example, Robustness, robustness
from dandelion_training.export.engine import Predict

AT_ONCE = 64


@dataclass(frozen=True)
class Answered:
    """What a model said to a holdout."""

    collected: Collected
    robustness: Robustness | None
    not_known: dict[str, int]  # images of classes that the model does not have, by class


def answered(
    predict: Predict,
    classes: Sequence[str],
    version: DatasetVersion,
    pixels: Pixels,
    geometry: Geometry,
    contract: str,
    excluded: Collection[str] = frozenset(),
) -> Answered:
    """Ask the model about every holdout image of a class that it knows.

    `excluded` are images by SHA-256 that it must not be evaluated on, because it or its ancestors
    learnt from them. Raises ValueError where no image is left.
    """
    index = {label: number for number, label in enumerate(classes)}
    holdout = [entry for entry in version.of(Split.HOLDOUT) if entry.sha256 not in excluded]
    known = [entry for entry in holdout if entry.label in index]
    not_known: dict[str, int] = {}
    for entry in holdout:
        if entry.label not in index:
            not_known[entry.label] = not_known.get(entry.label, 0) + 1
    calibrate_on = sample(
        (e.sha256 for e in known), calibration_images(len(classes)), "calibration"
    )
    collector = Collector(classes, calibrate_on)
    served = Served(known, classes, pixels, geometry, torch.device("cpu"))
    for start in range(0, len(known), AT_ONCE):
        entries = known[start : start + AT_ONCE]
        labels = np.array([index[entry.label] for entry in entries], np.int64)
        said = predict(served.seen(entries).numpy())
        digests = [entry.sha256 for entry in entries]
        collector.add(digests, labels, said.logits, said.log_density, said.features)
    return Answered(
        collector.collected(version.digest, contract),
        _robustness(predict, known, index, pixels, geometry),
        not_known,
    )


def _robustness(
    predict: Predict,
    entries: Sequence[Entry],
    index: dict[str, int],
    pixels: Pixels,
    geometry: Geometry,
) -> Robustness | None:
    chosen = sample((entry.sha256 for entry in entries), IMAGES, "robustness")
    by_content = sorted((e for e in entries if e.sha256 in chosen), key=lambda e: e.sha256)
    examples = (
        Example(e.sha256, index[e.label], serving_crop(pixels[e.sha256], geometry))
        for e in by_content
    )
    return robustness(
        lambda crops: predict(normalised(scaled(list(crops))).numpy()).logits, examples
    )
