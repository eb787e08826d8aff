"""What the operator writes of a search, training reads, and the other way round."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dandelion_operator.api.spec.search import Pruning
from dandelion_operator.api.spec.search import Search as SearchSpec
from dandelion_operator.ports.s3.documents.progress import read_progress
from dandelion_operator.seen.training import SearchSeen
from dandelion_training.ports.settings import (
    Settings,
    TrialSettings,
    load_settings,
    load_trial_settings,
)
from dandelion_training.ports.settings.search import Range, Search
from dandelion_training.run.model_selection.searched import search_facts
from dandelion_training.search.records import Outcome, TrialResult

from tests.agreement.pods import enter, training_pod

TRAINING: dict[str, Any] = {
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


def be_in_a_pod(monkeypatch: pytest.MonkeyPatch, *, searching: bool) -> None:
    promotion = {"metric": "macroF1"}
    enter(training_pod(searching, training=TRAINING, promotion=promotion), monkeypatch)


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
    be_in_a_pod(monkeypatch, searching=True)
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "7")  # as Kubernetes does it
    settings: TrialSettings = load_trial_settings()
    assert_told(settings)
    assert settings.trial == 7


@pytest.mark.parametrize("rule", list(Pruning))
def test_training_knows_every_rule_by_which_trials_are_given_up(
    rule: Pruning, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = TRAINING["search"] | {"pruning": rule.value}
    enter(training_pod(searching=False, training={"search": search}), monkeypatch)
    found = load_settings().search
    assert found is not None
    assert found.pruning == rule.value


def test_without_a_word_both_mean_the_same_rule() -> None:
    parameters = {"epochs": {"values": [5, 10]}}
    ours = Search.model_validate({"parameters": parameters, "maxTrials": 4})
    assert SearchSpec.model_validate({"parameters": parameters}).pruning.value == ours.pruning


def test_the_run_after_it_is_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    be_in_a_pod(monkeypatch, searching=False)
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
