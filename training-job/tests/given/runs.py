"""A whole run on the fakes, as small as a run can be."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from dandelion_training.ports.progress import Progress, TrainingMetrics
from dandelion_training.ports.registry import Registry
from dandelion_training.ports.settings import Settings
from dandelion_training.ports.storage import Location
from dandelion_training.ports.termination import Termination
from dandelion_training.run.pipeline import run
from dandelion_training.run.pipeline.task import Run
from dandelion_training.run.processors import Threads
from fakes.images import with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from prometheus_client import CollectorRegistry
from torchvision.models.resnet import BasicBlock, ResNet

MODELS = "s3://models/default/lawn"
RUN = "a1b2c3d4e5"
ARTIFACT = f"{MODELS}/{RUN}/artifact"
DATASET = "s3://datasets/lawn"
STATUS = f"{MODELS}/{RUN}/status.json"
CHECKPOINT = f"{MODELS}/{RUN}/checkpoint/checkpoint.safetensors"
PRETRAINED = "s3://models/pretrained/resnet18.safetensors"
CONTRACT = f"{ARTIFACT}/contract.json"
GRAPH = f"{ARTIFACT}/model.onnx"
WEIGHTS = f"{ARTIFACT}/model.safetensors"
INT8 = (f"{ARTIFACT}/model.int8.xml", f"{ARTIFACT}/model.int8.bin")
ENVIRONMENT = {
    "DANDELION_NAMESPACE": "default",
    "DANDELION_NAME": "lawn",
    "DANDELION_RUN": RUN,
    "DANDELION_TRAINING_HASH": "0123456789",
    "DANDELION_TRIGGER": "Schedule",
    "DANDELION_TRIGGER_MESSAGE": "due 2026-11-29T03:00:00Z",
    "DANDELION_DATASET_URI": DATASET,
    "DANDELION_ARTIFACT_URI": ARTIFACT,
    "DANDELION_DATASET_MANIFESTS_URI": f"{MODELS}/datasets",
    "DANDELION_EVALUATIONS_URI": f"{MODELS}/evaluations",
    "DANDELION_STATUS_URI": f"{MODELS}/{RUN}/status.json",
    "DANDELION_CHECKPOINT_URI": f"{MODELS}/{RUN}/checkpoint",
    "DANDELION_REGISTERED_MODEL": "default.lawn",
    "DANDELION_EXPERIMENT": "default.lawn",
    "DANDELION_ARCHITECTURE": "resnet18",
    "DANDELION_INITIAL_WEIGHTS": "none",
    "DANDELION_EPOCHS": "2",
    "DANDELION_BATCH_SIZE": "10",
    "DANDELION_IMAGE_SIZE": "32",
    "DANDELION_IMAGE": "training:1",
    "DANDELION_GIT_REVISION": "abc123",
    "DANDELION_S3_ENDPOINT": "http://127.0.0.1:9",
    "DANDELION_METRICS_PORT": "0",
    "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
}


def short_resnet(**options: Any) -> ResNet:
    """Stands in for ResNet-18, with all that one is made of but one block a stage instead of two:
    it is exported and quantised in half the time.
    """
    options.pop("weights", None)
    return ResNet(BasicBlock, [1, 1, 1, 1], **options)


def told(work: Path, **changed: Any) -> dict[str, Any]:
    """What a run is told, by the names of its settings."""
    named: dict[str, Any] = {
        name.removeprefix("DANDELION_").lower(): v for name, v in ENVIRONMENT.items()
    }
    named["MLFLOW_TRACKING_URI"] = named.pop("mlflow_tracking_uri")
    return {**named, "work_dir": work, **changed}


def settings(work: Path, **changed: Any) -> Settings:
    return Settings.model_validate(told(work, **changed))


def task(
    work: Path, store: MemoryStore, mlflow: FakeMlflow, threads: int = 1, **changed: Any
) -> Run:
    progress = Progress(
        store,
        Location.parse(f"{MODELS}/{RUN}/status.json"),
        TrainingMetrics(CollectorRegistry()),
        clock=_Clock(),
    )
    registry = Registry(mlflow, changed.get("run", RUN), "http://mlflow")
    cpu = torch.device("cpu")
    wanted = settings(work, **changed)
    few = Threads(transfers=4, decoding=threads, learning=threads)
    return Run(wanted, store, registry, progress, Termination(), threads=few, device=cpu)


class _Clock:
    """Ten seconds pass between two looks."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 10
        return self._now


class Finished:
    """A store and an MLflow after a run."""

    def __init__(self, work: Path, **changed: Any) -> None:
        self.store, self.mlflow = MemoryStore(), FakeMlflow()
        with_dataset(self.store, DATASET)
        self.store.objects[f"{DATASET}/blue/notes.jpg"] = b"not an image"
        self.version = run(task(work, self.store, self.mlflow, **changed))

    @property
    def contract(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.store.objects[CONTRACT])
        return found


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
