"""What pruning saves: a search with it, and all of its trials in full.

`make bench ONLY=search` runs it, on the digits, a trial after the other. A row of JSON goes to
standard output.

Both ways try the same parameters: those of the search with pruning are put where the trials of the
other find them. Times are those of whole trials, reading the dataset included.
"""

import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from dandelion_training.ports.progress import Progress, TrainingMetrics
from dandelion_training.ports.settings import TrialSettings
from dandelion_training.ports.storage import Location
from dandelion_training.ports.termination import Termination
from dandelion_training.run.learning import Learner
from dandelion_training.run.processors import threads, usable_processors
from dandelion_training.run.trial import Trial, trial
from dandelion_training.search.library import PARAMETERS, Trials
from dandelion_training.search.records import TrialResult
from learning import CPU, Shelf
from PIL import Image
from prometheus_client import CollectorRegistry
from sklearn.datasets import load_digits

TRIALS, EPOCHS, IMAGES, SIDE = 20, 10, 300, 32
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


def settings(work: Path, number: int, pruning: str) -> TrialSettings:
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
            "search": {"parameters": SEARCHED, "maxTrials": TRIALS, "pruning": pruning},
            "search_uri": f"{run}/search",
            "JOB_COMPLETION_INDEX": number,
            "MLFLOW_TRACKING_URI": "http://nowhere",
        }
    )


@contextmanager
def pod(store: Shelf, number: int, pruning: str) -> Iterator[Trial]:
    """One trial's, which has all processors."""
    with tempfile.TemporaryDirectory() as folder:
        told = settings(Path(folder), number, pruning)
        metrics = TrainingMetrics(CollectorRegistry())
        place = Location.parse(f"{PLACE}/run/search/trials/{number}/status.json")
        progress = Progress(store, place, metrics, time.monotonic)
        processors = usable_processors()
        employed = threads(processors, told.batch_size, SIDE)
        learner = Learner(told, store, Termination(), employed, CPU, time.monotonic)
        trials = Trials(store, told.search_uri, told.search)
        yield Trial(told, learner, trials, progress, processors)


def searched(store: Shelf, pruning: str) -> tuple[list[TrialResult], float]:
    """The trials, one after the other, and the seconds that they took."""
    began, results = time.perf_counter(), []
    for number in range(TRIALS):
        with pod(store, number, pruning) as task:
            results.append(trial(task))
    return results, time.perf_counter() - began


def best(results: list[TrialResult]) -> float:
    return max(result.value for result in results if result.value is not None)


def main() -> int:
    torch.manual_seed(0)
    pruned = Shelf(dataset())
    results, seconds = searched(pruned, "Median")
    same = (uri for uri in pruned.objects if uri.endswith(f"/{PARAMETERS}"))
    full = Shelf({**dataset(), **{uri: pruned.objects[uri] for uri in same}})
    every, whole = searched(full, "None")
    row: dict[str, Any] = {
        "trials": TRIALS,
        "epochs": EPOCHS,
        "pruned": sum(result.value is None for result in results),
        "seconds": seconds,
        "secondsInFull": whole,
        "best": best(results),
        "bestInFull": best(every),
        "first": every[0].value,
        "epochsLearnt": sum(len(result.values) for result in results),
    }
    print(json.dumps([row]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
