"""What pruning saves of a search, and what it costs: trials in full, and the rule over them.

`make bench ONLY=search` runs it. Trials at random settings are done in full on the digits, each as
a pod does it, with a network of three layers: what is asked about is the rule. Whoever is given up
learns no further, so the curves of all tell what a search in any other order would have done.
"""

import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from dandelion_training.learn import network as networks
from dandelion_training.ports.progress import Progress, TrainingMetrics
from dandelion_training.ports.settings import TrialSettings
from dandelion_training.ports.storage import Location
from dandelion_training.ports.termination import Termination
from dandelion_training.run.learning import Learner
from dandelion_training.run.model_selection.trial import Trial, trial
from dandelion_training.run.processors import threads, usable_processors
from dandelion_training.search.library import Trials
from dandelion_training.search.pruning import falls_behind
from dandelion_training.search.records import TrialResult
from learning import CPU, Shelf
from PIL import Image
from prometheus_client import CollectorRegistry
from sklearn.datasets import load_digits
from torch import nn

TRIALS, EPOCHS, IMAGES, SIDE = 40, 10, 500, 32
SEARCH, ORDERS = 20, 400
PLACE = "s3://models/default/digits"
SEARCHED = {
    "learningRate": {"min": 0.00003, "max": 0.03},
    "batchSize": {"values": [8, 16, 32, 64]},
    "augmentation": {"strength": {"values": ["none", "light", "strong"]}},
}


def dataset() -> dict[str, bytes]:
    """So many of scikit-learn's digits, as files in a folder per class."""
    found = load_digits()
    files = {}
    for number in range(IMAGES):
        pixels = (255 - found.images[number] * 15.9).astype("uint8")
        image = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "PNG")
        files[f"s3://datasets/digits/{found.target[number]}/{number:04}.png"] = buffer.getvalue()
    return files


class Layers(nn.Module):
    """Three convolutions and a head."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 24, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(24)
        self.layer2 = nn.Conv2d(24, 48, 3, stride=2, padding=1)
        self.layer3 = nn.Conv2d(48, 48, 3, padding=1)
        self.fc = nn.Linear(48, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found = torch.relu(self.bn1(self.conv1(images)))
        found = torch.relu(self.layer2(found))
        found = torch.relu(self.layer3(found) + found)
        answers: torch.Tensor = self.fc(found.mean(dim=(2, 3)))
        return answers


def build(architecture: str, classes: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return Layers(classes)


def settings(work: Path, number: int) -> TrialSettings:
    run = f"{PLACE}/run"
    return TrialSettings.model_validate(
        {
            "namespace": "default",
            "name": "digits",
            "run": "run",
            "dataset_uri": "s3://datasets/digits",
            "dataset_manifests_uri": f"{PLACE}/datasets",
            "evaluations_uri": f"{PLACE}/evaluations",
            "artifact_uri": f"{run}/artifact",
            "status_uri": f"{run}/status.json",
            "checkpoint_uri": f"{run}/checkpoint",
            "registered_model": "default.digits",
            "experiment": "default.digits",
            "s3_endpoint": "http://nowhere",
            "architecture": "resnet18",
            "initial_weights": "none",
            "epochs": EPOCHS,
            "image_size": SIDE,
            "work_dir": work,
            "search": {"parameters": SEARCHED, "maxTrials": TRIALS, "pruning": "None"},
            "search_uri": f"{run}/search",
            "JOB_COMPLETION_INDEX": number,
            "MLFLOW_TRACKING_URI": "http://nowhere",
        }
    )


@contextmanager
def pod(store: Shelf, number: int) -> Iterator[Trial]:
    """One trial's, which has all processors."""
    with tempfile.TemporaryDirectory() as folder:
        told = settings(Path(folder), number)
        metrics = TrainingMetrics(CollectorRegistry())
        place = Location.parse(f"{PLACE}/run/search/trials/{number}/status.json")
        progress = Progress(store, place, metrics, time.monotonic)
        processors = usable_processors()
        employed = threads(processors, told.batch_size, SIDE)
        learner = Learner(told, store, Termination(), employed, CPU, time.monotonic)
        trials = Trials(store, told.search_uri, told.search)
        yield Trial(told, learner, trials, progress, processors)


def in_full() -> list[TrialResult]:
    """The trials, one after the other."""
    store, results = Shelf(dataset()), []
    for number in range(TRIALS):
        with pod(store, number) as task:
            results.append(trial(task))
    return results


def searched(order: list[TrialResult]) -> list[dict[int, float]]:
    """How far each would have come in this order. Whether several learn at a time makes no
    difference: who is as far at a step compares with who was there before.
    """
    curves: list[dict[int, float]] = []
    for result in order:
        curve: dict[int, float] = {}
        for step in sorted(result.values):
            curve[step] = result.values[step]
            if step < EPOCHS and falls_behind(curve, curves):
                break
        curves.append(curve)
    return curves


def best(results: list[TrialResult]) -> float:
    return max(result.value for result in results if result.value is not None)


def row(results: list[TrialResult]) -> dict[str, Any]:
    """Over random orders: the share of the time that is learnt, and what the best trial that is
    left lacks of the best there was.
    """
    chance, shares, lost = np.random.default_rng(0), [], []
    for _ in range(ORDERS):
        order = [results[i] for i in chance.choice(len(results), SEARCH, replace=False)]
        curves = searched(order)
        pairs = list(zip(order, curves, strict=True))
        spent = sum(result.seconds * len(curve) / EPOCHS for result, curve in pairs)
        shares.append(spent / sum(result.seconds for result in order))
        complete = [result for result, curve in pairs if len(curve) == EPOCHS]
        lost.append(best(order) - best(complete))
    return {
        "trials": SEARCH,
        "epochs": EPOCHS,
        "share": mean(shares),
        "lost": mean(lost),
        "lostRarely": sorted(lost)[ORDERS * 19 // 20],
    }


def main() -> int:
    networks.build = build
    print(json.dumps([row(in_full())]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
