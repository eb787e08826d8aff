"""`GET /model`: what is served, how good it was, and what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from dandelion_inference.front.routes.model import ModelResponse
from fakes.s3 import FakeS3
from given import artifacts
from running import service

DATASET = {
    "digest": f"sha256:{'d' * 64}",
    "storageUri": "s3://secret-place/lawn",
    "images": 120,
    "train": 96,
    "holdout": 24,
    "lineage": [],
}
TRAINING = {"initialWeights": "s3://other-place/w.safetensors", "image": "registry/training:1"}


@pytest.fixture
def known(s3: FakeS3, tmp_path: Path) -> Iterator[tuple[service.Service, artifacts.StoredArtifact]]:
    """A service whose contract says all that one may say."""
    calibration = {"temperature": 2.0, "unknownThreshold": 0.4}
    stored = artifacts.stored(dataset=DATASET, training=TRAINING, calibration=calibration)
    s3.objects.update(stored.objects())
    with service.started(service.environment(stored, s3.url, tmp_path)) as running:
        running.wait_ready()
        yield running, stored


def test_the_model_is_described(
    known: tuple[service.Service, artifacts.StoredArtifact],
) -> None:
    running, stored = known
    answer = running.get("/model")
    assert answer.status_code == 200
    ModelResponse.model_validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    limits = told.pop("limits")
    assert told == {
        "name": "lawn",
        "version": "3",
        "digest": stored.digest,
        "architecture": "resnet34",
        "run": "a1b2c3d4e5",
        "dataset": {"version": DATASET["digest"], "images": 120, "train": 96, "holdout": 24},
        "classes": ["red", "green", "blue"],
        "metrics": {
            "accuracy": 0.93,
            "macroF1": 0.92,
            "holdoutImages": 24,
            "precision": "fp32",
        },
        "precision": "fp32",
        "preprocessing": {
            "colorSpace": "RGB",
            "resizeShortSide": 36,
            "centerCrop": 32,
            "interpolation": "bilinear",
            "scale": 1 / 255,
            "mean": [0.0, 0.0, 0.0],
            "std": [1.0, 1.0, 1.0],
        },
        "calibration": {
            "temperature": 2.0,
            "unknownScore": "maxProbability",
            "unknownThreshold": 0.4,
        },
        "formats": ["JPEG", "PNG", "WebP", "AVIF", "HEIC", "TIFF", "GIF", "BMP"],
    }
    assert limits["uploadBytes"] == 32 * 1024 * 1024
    assert (limits["files"], limits["formParts"], limits["requestSeconds"]) == (32, 128, 30)


def test_nothing_is_told_of_where_things_lie(
    known: tuple[service.Service, artifacts.StoredArtifact],
) -> None:
    running, stored = known
    text = running.get("/model").text
    secrets = ("s3://", "place", stored.bucket, "registry", "127.0.0.1", "credentials", "/tmp")
    for secret in (*secrets, running.environment["DANDELION_S3_ENDPOINT"]):
        assert secret not in text


def test_the_limits_are_those_of_this_service(client: httpx.Client) -> None:
    """`conftest.py` sets these two."""
    limits = client.get("/model").json()["limits"]
    assert (limits["uploadBytes"], limits["files"]) == (1024 * 1024, 4)
    assert limits["decodingBytes"] > 64 * 1024 * 1024
    assert limits["decodingSeconds"] == 4


def test_what_an_artifact_does_not_say_is_not_told(client: httpx.Client) -> None:
    told = client.get("/model").json()
    assert "dataset" not in told
    assert "holdoutImages" not in told["metrics"]


def test_before_the_model_is_there_nothing_can_be_told(s3: FakeS3, tmp_path: Path) -> None:
    environment = service.environment(artifacts.stored(), s3.url, tmp_path)
    with service.started(environment) as running:
        running.wait_for(503, "ArtifactMissing")
        answer = running.get("/model")
        assert answer.status_code == 503
        assert (answer.json()["code"], answer.json()["reason"]) == ("NotReady", "ArtifactMissing")
