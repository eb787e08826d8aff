"""A service that keeps a log, and what it left in the object store."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from dandelion_inference.journal.answer_ids import AnswerIds, Keys
from fakes.s3 import SECRET_KEY, WRITER_KEY, FakeS3
from given import artifacts
from given.artifacts import StoredArtifact
from prometheus_client.parser import text_string_to_metric_families
from running.service import PATIENCE, Service, environment

BUCKET = "predictions"
HOME = f"/{BUCKET}/logs/default/lawn"


def logging_environment(
    s3: FakeS3, home: Path, key: str = WRITER_KEY, artifact: StoredArtifact | None = None
) -> dict[str, str]:
    """What the operator gives a pod whose predictions are logged."""
    artifact = artifact or artifacts.stored()
    s3.objects.update(artifact.objects())
    credentials = home / "log-credentials"
    credentials.mkdir()
    (credentials / "AWS_ACCESS_KEY_ID").write_text(key)
    (credentials / "AWS_SECRET_ACCESS_KEY").write_text(SECRET_KEY)
    return environment(artifact, s3.url, home) | {
        "DANDELION_LOG_URI": f"s3://{BUCKET}/logs",
        "DANDELION_LOG_CREDENTIALS_DIR": str(credentials),
    }


def rows(s3: FakeS3, kind: str) -> list[dict[str, Any]]:
    """Every row of that kind, in the order of the objects' names."""
    return [
        json.loads(line)
        for path in sorted(s3.objects)
        if path.startswith(f"{HOME}/{kind}/")
        for line in gzip.decompress(s3.objects[path]).splitlines()
    ]


def label(service: Service, **body: Any) -> httpx.Response:
    """What a person says of an answer."""
    return service.post("/feedback", json=body)


def answer_elsewhere(
    service: Service, *predicted: bool, name: str = "lawn", version: str = "3"
) -> str:
    """The id of an answer of a pod that shares the log's key, with a prediction for its only image
    unless more is said."""
    credentials = Path(service.environment["DANDELION_LOG_CREDENTIALS_DIR"])
    keys = Keys(credentials)
    return AnswerIds("default", name, version, keys).new(predicted or (True,))


def metric(service: Service, name: str, **labels: str) -> float:
    for family in text_string_to_metric_families(service.metrics()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    raise AssertionError(f"there is no {name} {labels}")


def eventually(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def events(service: Service, event: str) -> list[dict[str, Any]]:
    """The lines of the service's own log that tell of it."""
    found = [json.loads(line) for line in service.log if line.startswith("{")]
    return [line for line in found if line["event"] == event]
