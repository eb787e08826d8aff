"""A store in which one run follows another, for tests of evaluations and comparisons."""

import json
from pathlib import Path
from typing import Any

from dandelion_training.data.version.library import Library
from dandelion_training.evaluate.comparison.record import Comparison
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.ports.progress import Progress, TrainingMetrics
from dandelion_training.ports.storage import Location
from dandelion_training.run.evaluation import ArtifactReference, Evaluator
from dandelion_training.run.pipeline import run
from fakes.images import with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from given.runs import DATASET, MODELS, sha256, task
from prometheus_client import CollectorRegistry

EVALUATIONS = Location.parse(f"{MODELS}/evaluations")


class World:
    """A store with a dataset, on which one run follows another."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.store, self.mlflow = MemoryStore(), FakeMlflow()
        with_dataset(self.store, DATASET, images=20)

    def train(self, name: str, **changed: Any) -> ArtifactReference:
        folder = f"{MODELS}/{name}/artifact"
        settings = {"artifact_uri": Location.parse(folder), "run": name, "epochs": 1, **changed}
        run(task(self.work, self.store, self.mlflow, **settings))
        return self.reference(folder)

    def reference(self, folder: str) -> ArtifactReference:
        content = self.store.objects[f"{folder}/contract.json"]
        return ArtifactReference(Location.parse(folder), f"sha256:{sha256(content)}")

    def dataset(self, reference: ArtifactReference) -> str:
        content = self.store.objects[f"{reference.folder}/contract.json"]
        return str(json.loads(content)["dataset"]["digest"])

    def evaluator(self) -> Evaluator:
        progress = Progress(
            self.store,
            Location.parse(f"{MODELS}/evaluation.status.json"),
            TrainingMetrics(CollectorRegistry()),
            clock=lambda: 0.0,
        )
        versions = Library(self.store, Location.parse(f"{MODELS}/datasets"), self.work)
        evaluations = Evaluations(self.store, EVALUATIONS)
        return Evaluator(self.store, versions, evaluations, progress, 1, self.work)

    def comparison(
        self, dataset: str, challenger: ArtifactReference, champion: ArtifactReference
    ) -> Comparison | None:
        found = Evaluations(self.store, EVALUATIONS).comparison(
            dataset, challenger.contract, champion.contract
        )
        return found if isinstance(found, Comparison) else None


def of(reference: ArtifactReference) -> dict[str, str]:
    return {"champion_uri": str(reference.folder), "champion_digest": reference.contract}
