"""What the operator writes of a search, training reads, and the other way round."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dandelion_operator.api.location import Defaults, location
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan import StartTraining
from dandelion_operator.ports.s3.documents.progress import read_progress
from dandelion_operator.seen.training import SearchSeen
from dandelion_training.ports.search import Range
from dandelion_training.ports.settings import (
    Settings,
    TrialSettings,
    load_settings,
    load_trial_settings,
)
from dandelion_training.run.searched import search_facts
from dandelion_training.search.records import Outcome, TrialResult

DEFAULTS = Defaults(
    training_image="training:1",
    inference_image="inference:1",
    image_pull_policy="IfNotPresent",
    tracking_uri="http://mlflow",
    s3_endpoint="http://s3",
    s3_region="us-east-1",
    s3_bucket="models",
)
TRAINING = {
    "search": {
        "parameters": {
            "learningRate": {"min": 0.0001, "max": 0.01},
            "batchSize": {"values": [16, 32]},
            "epochs": {"values": [5, 10]},
            "augmentation": {"strength": {"values": ["none", "strong"]}},
        },
        "maxTrials": 12,
        "parallelTrials": 3,
        "pruning": "None",
    },
    "crossValidation": {"folds": 4},
}


def job(*, searching: bool) -> dict[str, Any]:
    resource = parse(
        {
            "metadata": {"namespace": "default", "name": "lawn", "uid": "u", "generation": 1},
            "spec": {
                "dataset": {"storageUri": "s3://datasets/lawn"},
                "training": TRAINING,
                "promotion": {"metric": "macroF1"},
            },
        }
    )
    assert isinstance(resource, Resource)
    run = StartTraining("run1", "hash1", "Created", "images-1", "none", searching=searching)
    return builders.job(resource, run, location(resource, DEFAULTS), DEFAULTS)


def given(built: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    (container,) = built["spec"]["template"]["spec"]["containers"]
    for item in container["env"]:
        monkeypatch.setenv(item["name"], item["value"])


def assert_told(settings: Settings) -> None:
    search = settings.search
    assert search is not None
    assert search.parameters.domains.keys() == {
        "augmentation",
        "batch_size",
        "epochs",
        "learning_rate",
    }
    assert search.parameters.learning_rate == Range(min=0.0001, max=0.01)
    assert 32 in search.parameters.domains["batch_size"]
    assert (search.max_trials, search.pruning, search.metric) == (12, "None", "macroF1")
    assert str(settings.search_uri) == "s3://models/default/lawn/run1/search"
    assert settings.folds == 4
    assert str(settings.folds_uri) == "s3://models/default/lawn/run1/folds"


def test_a_pod_of_the_search_knows_which_trial_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    given(job(searching=True), monkeypatch)
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "7")  # as Kubernetes does it
    settings: TrialSettings = load_trial_settings()
    assert_told(settings)
    assert settings.trial == 7


def test_the_run_after_it_is_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    given(job(searching=False), monkeypatch)
    assert_told(load_settings())


def test_how_far_a_search_is_reaches_the_status() -> None:
    results = [
        TrialResult(trial=0, dataset="d", parameters={}, outcome=Outcome.COMPLETE, value=0.9),
        TrialResult(trial=1, dataset="d", parameters={}, outcome=Outcome.PRUNED),
        TrialResult(trial=2, dataset="d", parameters={}, outcome=Outcome.FAILED),
    ]
    status = {"state": "running", "search": search_facts(results, 12)}
    assert read_progress("run1", json.dumps(status).encode()).search == SearchSeen(
        12, finished=3, pruned=1, failed=1, best=0.9
    )
