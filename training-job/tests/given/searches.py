"""Searches of a run on the fakes, a trial after the other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from dandelion_training.ports.progress import Progress, TrainingMetrics
from dandelion_training.ports.settings import TrialSettings
from dandelion_training.ports.storage import Location
from dandelion_training.ports.termination import Termination
from dandelion_training.run.learning import Learner
from dandelion_training.run.model_selection.searched import searched
from dandelion_training.run.model_selection.trial import Trial, trial
from dandelion_training.run.pipeline import run
from dandelion_training.run.processors import Threads
from dandelion_training.search.library import Trials
from dandelion_training.search.records import TrialResult
from fakes.images import with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from given import runs
from given.runs import DATASET, MODELS, RUN, told
from prometheus_client import CollectorRegistry

FOLDER = f"{MODELS}/{RUN}/search"
TRIALS = 3
SEARCH: dict[str, Any] = {
    "parameters": {
        "learningRate": {"min": 0.0001, "max": 0.01},
        "batchSize": {"values": [5, 10]},
    },
    "maxTrials": TRIALS,
    "pruning": "None",
    "metric": "accuracy",
}
SEARCHED = {"search": SEARCH, "search_uri": FOLDER}


def filled() -> MemoryStore:
    """With the dataset alone."""
    store = MemoryStore()
    with_dataset(store, DATASET)
    return store


def task(work: Path, store: MemoryStore, number: int, **changed: Any) -> Trial:
    """The trial of an index, in a pod of its own."""
    wanted = TrialSettings.model_validate(
        told(work, **(SEARCHED | changed), JOB_COMPLETION_INDEX=number)
    )
    trials = Trials(store, wanted.search_uri, wanted.search)
    progress = Progress(
        store,
        Location.parse(f"{FOLDER}/trials/{number}/status.json"),
        TrainingMetrics(CollectorRegistry()),
        clock=_Clock(),
    )
    few = Threads(transfers=4, decoding=1, learning=1)
    cpu = torch.device("cpu")
    learner = Learner(wanted, store, Termination(), few, cpu, progress.clock)
    return Trial(wanted, learner, trials, progress, processors=1)


def search(work: Path, store: MemoryStore, **changed: Any) -> list[TrialResult]:
    """All trials, one after the other."""
    most = (SEARCHED | changed)["search"]["maxTrials"]
    return [trial(task(work, store, number, **changed)) for number in range(most)]


def train(work: Path, store: MemoryStore, mlflow: FakeMlflow, **changed: Any) -> str:
    """The run after its search; the registered version."""
    plain = runs.task(work, store, mlflow, **(SEARCHED | changed))
    settings, found = searched(store, plain.settings)
    return run(replace(plain, settings=settings, searched=found))


class _Clock:
    """Ten seconds pass between two looks."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 10
        return self._now
