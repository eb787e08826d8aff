"""Loads a stored artifact in this process: once, or as the service's loader does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dandelion_inference.errors import Reason
from dandelion_inference.model.artifact import Artifact, ArtifactReference, fetch
from dandelion_inference.model.contract import Contract, Precision
from dandelion_inference.model.loader import Loader
from dandelion_inference.model.network import Model, compile_model
from dandelion_inference.model.readiness import Obstacle, Readiness
from dandelion_inference.model.store import S3Store
from dandelion_inference.ports.settings import Asked, Settings
from fakes.s3 import FakeS3
from given import artifacts
from given.artifacts import StoredArtifact
from running.service import environment


def settings(stored: StoredArtifact, endpoint: str, home: Path) -> Settings:
    variables = environment(stored, endpoint, home).items()
    return Settings.model_validate(
        {name.removeprefix("DANDELION_").lower(): value for name, value in variables}
    )


def load(stored: StoredArtifact, s3: FakeS3, home: Path, precision: str = "auto") -> Model:
    """One attempt, at once and here; raises LoadError."""
    s3.objects.update(stored.objects())
    given = settings(stored, s3.url, home).model_copy(update={"precision": Asked(precision)})
    reference = ArtifactReference(stored.bucket, stored.prefix, stored.digest)
    artifact = fetch(S3Store(given), reference, given.precision, given.artifact_dir, lambda: None)
    return compile_model(artifact, threads=1)


def compiled(path: Path, size: int = artifacts.SIZE, classes: tuple[str, ...] = ()) -> Model:
    """A graph of a file, with the contract that fits it."""
    document = artifacts.contract(path.read_bytes())
    names = list(classes or artifacts.CLASSES)
    document |= {
        "classes": names,
        "input": {"name": "image", "shape": [None, 3, size, size]},
        "output": {"name": "logits", "shape": [None, len(names)]},
    }
    document["preprocessing"] |= {"resizeShortSide": size, "centerCrop": size}
    artifact = Artifact(Contract.model_validate(document), path, Asked.AUTO, Precision.FP32)
    return compile_model(artifact, threads=2)


class Told(Readiness):
    """Keeps what it was told: who looks only now and then may miss what does not last."""

    def __init__(self) -> None:
        self.obstacles: list[Obstacle] = []
        super().__init__()

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "obstacle" and value not in self.obstacles:
            self.obstacles.append(value)
        super().__setattr__(name, value)


class Loading:
    """The loader as the service runs it, and what /readyz would say meanwhile."""

    def __init__(self, stored: StoredArtifact, s3: FakeS3, home: Path) -> None:
        self.readiness = Told()
        given = settings(stored, s3.url, home)
        self._loader = Loader(
            open_store=lambda: S3Store(given),
            reference=ArtifactReference(stored.bucket, stored.prefix, stored.digest),
            asked=given.precision,
            folder=given.artifact_dir,
            compile_model=lambda artifact: compile_model(artifact, threads=1),
            readiness=self.readiness,
            on_ready=lambda _model: None,
        )

    def until(self, reached: Callable[[], bool]) -> None:
        self._loader.start()
        deadline = time.monotonic() + 60
        while not reached():
            assert time.monotonic() < deadline, self.readiness.obstacles
            time.sleep(0.005)
        self._loader.stop()

    def until_ready(self) -> list[Reason]:
        """The reasons given on the way."""
        self.until(lambda: self.readiness.model is not None)
        return [obstacle.reason for obstacle in self.readiness.obstacles]
