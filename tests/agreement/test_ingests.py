"""What the operator tells a pod that only reads the images is what training understands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dandelion_operator.ports.s3.documents.progress import read_progress
from dandelion_training.ports.settings import load_ingest_settings

from tests.agreement.pods import FORMER, enter, ingest_pod, training_pod

SPEC: dict[str, Any] = {
    "dataset": {
        "holdoutFraction": 0.3,
        "onSmallClass": "Drop",
        "keep": "Copies",
        "urls": {"storageUri": "s3://datasets/lawn/urls.csv", "allowedHosts": ["a.example"]},
    },
    "feedback": {"mode": "Auto", "minAgreement": 4},
    "serving": {"auth": "ClusterTokens", "logging": {"images": True}},
}


def environment(pod: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in pod["containers"][0]["env"]}


def test_it_is_told_the_whole_dataset_and_where_to_say_what_it_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enter(ingest_pod(**SPEC), monkeypatch)
    settings = load_ingest_settings()
    assert str(settings.dataset_uri) == "s3://datasets/lawn"
    assert (settings.former_dataset, settings.initial_weights) == (FORMER, "none")
    assert settings.holdout_fraction == 0.3
    assert (settings.on_small_class, settings.keep) == ("Drop", "Copies")
    assert (settings.has_urls, settings.has_reviews, settings.min_agreement) == (True, True, 4)
    assert settings.urls_allowed_hosts == "a.example"
    folder = "s3://models/default/lawn"
    assert str(settings.dataset_manifests_uri) == f"{folder}/datasets"
    assert str(settings.status_uri) == f"{folder}/ingests/5678901234/status.json"


def test_it_is_told_of_the_images_what_a_run_is_told() -> None:
    """So a run that follows finds the same version."""
    run = environment(training_pod(**SPEC)).items()
    others = {name for name, value in environment(ingest_pod(**SPEC)).items() - run}
    assert others == {"DANDELION_RUN", "DANDELION_STATUS_URI"}


def test_what_changed_is_read_as_it_is_written() -> None:
    """The names are those of `dandelion_training.run.ingestion`."""
    told = {"datasetDigest": "sha256:b", "since": "sha256:a", "changes": {"added": 3}}
    found = read_progress("ingests/1", json.dumps(told).encode()).dataset
    assert found is not None
    assert (found.since, found.changes) == ("sha256:a", {"added": 3})
