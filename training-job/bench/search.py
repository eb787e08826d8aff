"""What pruning saves of a search, and what it costs: trials in full, and the rule over them.

`make bench ONLY=search` runs it. Trials at random settings are done in full on the digits 0 to 4,
each as a pod does it, with a network of three layers: what is asked about is the rule. It starts
from what it learnt of the digits 5 to 9, or from nothing. Whoever is given up learns no further, so
the curves of all tell what a search in any other order would have done.
"""

import heapq
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any, get_args

import numpy as np
import torch
from dandelion_training.learn import network as networks
from dandelion_training.ports.progress import Progress, TrainingMetrics
from dandelion_training.ports.settings import TrialSettings
from dandelion_training.ports.settings.search import Rule
from dandelion_training.ports.storage import Location
from dandelion_training.ports.termination import Termination
from dandelion_training.run.learning import Learner, reproducible
from dandelion_training.run.model_selection.trial import Trial, trial
from dandelion_training.run.processors import threads
from dandelion_training.search.library import Trials
from dandelion_training.search.pruning import falls_behind
from dandelion_training.search.records import TrialResult
from learning import CPU, Shelf
from numpy.typing import NDArray
from PIL import Image
from prometheus_client import CollectorRegistry
from sklearn.datasets import load_digits
from torch import nn

TRIALS, EPOCHS, IMAGES, SIDE = 24, 10, 500, 32
SEARCH, ORDERS, AT_A_TIME = 20, 100, (1, 4)
OURS = range(5)  # the digits that are searched with
PLACE = "s3://models/default/digits"
SEARCHED = {
    "learningRate": {"min": 0.00003, "max": 0.03},
    "batchSize": {"values": [8, 16, 32, 64]},
    "augmentation": {"strength": {"values": ["none", "light", "strong"]}},
}


def picture(digit: NDArray[np.float64]) -> Image.Image:
    pixels = (255 - digit * 15.9).astype("uint8")
    found = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return found.convert("RGB")


def dataset() -> dict[str, bytes]:
    """So many of scikit-learn's digits, as files in a folder per class."""
    found = load_digits()
    files = {}
    for number in np.flatnonzero(np.isin(found.target, OURS))[:IMAGES]:
        buffer = io.BytesIO()
        picture(found.images[number]).save(buffer, "PNG")
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


Weights = dict[str, torch.Tensor]


def learnt_elsewhere() -> Weights:
    """The layers below the head, after some epochs with the other digits."""
    found = load_digits()
    others = np.flatnonzero(~np.isin(found.target, OURS))
    pixels = np.stack([np.asarray(picture(found.images[number])) for number in others])
    images = torch.from_numpy(pixels / 127.5 - 1).permute(0, 3, 1, 2).float()
    labels = torch.from_numpy(found.target[others] - len(OURS))
    torch.manual_seed(0)
    network = Layers(len(OURS))
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.003)
    for _ in range(10):
        order = torch.randperm(len(images))
        for first in range(0, len(images), 16):
            batch = order[first : first + 16]
            optimizer.zero_grad()
            torch.autograd.backward(
                nn.functional.cross_entropy(network(images[batch]), labels[batch])
            )
            optimizer.step()
    learnt = network.state_dict().items()
    return {name: value.clone() for name, value in learnt if not name.startswith("fc")}


def begin_with(start: Weights) -> None:
    """Every network, from now on."""

    def build(architecture: str, classes: int, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        network = Layers(classes)
        network.load_state_dict(start, strict=False)
        return network

    networks.build = build


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
    """One trial's, on one processor: what is asked about is a share of the time."""
    with tempfile.TemporaryDirectory() as folder:
        told = settings(Path(folder), number)
        metrics = TrainingMetrics(CollectorRegistry())
        place = Location.parse(f"{PLACE}/run/search/trials/{number}/status.json")
        progress = Progress(store, place, metrics, time.monotonic)
        employed = threads(1, told.batch_size, SIDE)
        learner = Learner(told, store, Termination(), employed, CPU, time.monotonic)
        trials = Trials(store, told.search_uri, told.search)
        yield Trial(told, learner, trials, progress, processors=1)


def in_full() -> list[TrialResult]:
    """The trials, one after the other."""
    store, results = Shelf(dataset()), []
    for number in range(TRIALS):
        with pod(store, number) as task:
            results.append(trial(task))
    return results


def searched(order: list[TrialResult], rule: Rule, at_a_time: int) -> list[dict[int, float]]:
    """How far each would have come in this order, with so many learning at a time."""
    curves: list[dict[int, float]] = []
    under_way: list[tuple[float, int]] = []  # when the next epoch of which trial is over

    def start(now: float) -> None:
        if len(curves) < len(order):
            heapq.heappush(under_way, (now + order[len(curves)].seconds / EPOCHS, len(curves)))
            curves.append({})

    for _ in range(at_a_time):
        start(0)
    while under_way:
        now, number = heapq.heappop(under_way)
        curve, result = curves[number], order[number]
        step = len(curve) + 1
        curve[step] = result.values[step]
        others = [other for other in curves if other is not curve and other]
        if step == EPOCHS or falls_behind(rule, curve, others, EPOCHS):
            start(now)
        else:
            heapq.heappush(under_way, (now + result.seconds / EPOCHS, number))
    return curves


def best(results: list[TrialResult]) -> float:
    return max(result.value for result in results if result.value is not None)


def row(start: str, results: list[TrialResult], rule: Rule, at_a_time: int) -> dict[str, Any]:
    """Over random orders: the share of the time that is learnt, and what the best trial that is
    left lacks of the best there was.
    """
    chance, shares, lost = np.random.default_rng(0), [], []
    for _ in range(ORDERS):
        order = [results[i] for i in chance.choice(len(results), SEARCH, replace=False)]
        pairs = list(zip(order, searched(order, rule, at_a_time), strict=True))
        spent = sum(result.seconds * len(curve) / EPOCHS for result, curve in pairs)
        shares.append(spent / sum(result.seconds for result in order))
        complete = [result for result, curve in pairs if len(curve) == EPOCHS]
        lost.append(best(order) - best(complete))
    return {
        "start": start,
        "rule": rule,
        "atATime": at_a_time,
        "trials": SEARCH,
        "epochs": EPOCHS,
        "share": mean(shares),
        "lost": mean(lost),
        "lostRarely": sorted(lost)[ORDERS * 19 // 20],
    }


def main() -> int:
    reproducible(threads=1)
    rows = []
    for start, weights in (("other digits", learnt_elsewhere()), ("nothing", Weights())):
        begin_with(weights)
        results = in_full()
        rows += [row(start, results, rule, few) for rule in get_args(Rule) for few in AT_A_TIME]
    print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
