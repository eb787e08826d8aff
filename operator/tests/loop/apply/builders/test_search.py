"""The Job of a search, and what the Jobs of a run are told of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import given
import pytest
from given.workloads import RUN, environment, job, pod

PARAMETERS = {
    "learningRate": {"min": 0.0001, "max": 0.01},
    "augmentation": {"strength": {"values": ["none", "light"]}},
}
SEARCH = {"parameters": PARAMETERS, "maxTrials": 12, "parallelTrials": 3}
SEARCHED = given.resource(
    training={"search": SEARCH, "backoffLimit": 4}, promotion={"metric": "macroF1"}
)
SEARCHING = replace(RUN, searching=True)


def test_a_search_is_one_job_with_an_index_a_trial() -> None:
    built = job(SEARCHED, SEARCHING)
    assert built["metadata"]["name"] == "lawn-try-run1"
    assert {name: value for name, value in built["spec"].items() if name != "template"} == {
        "completionMode": "Indexed",
        "completions": 12,
        "parallelism": 3,
        "backoffLimitPerIndex": 4,
        "maxFailedIndexes": 0,
        "activeDeadlineSeconds": 86400,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": job(SEARCHED)["spec"]["podFailurePolicy"],
    }
    (container,) = pod(built)["containers"]
    assert container["command"] == ["python", "-m", "dandelion_training", "trial"]


def test_its_pods_are_those_of_training_but_for_the_command_and_a_label() -> None:
    ours, theirs = job(SEARCHED, SEARCHING), job(SEARCHED)
    (our, their) = (pod(built)["containers"][0] for built in (ours, theirs))
    assert {**our, "command": their["command"]} == their
    labels = ours["metadata"]["labels"]
    assert labels == theirs["metadata"]["labels"] | {"dandelion.dev/search": "run1"}
    assert ours["spec"]["template"]["metadata"]["labels"] == labels


def test_no_more_pods_run_at_a_time_than_there_are_trials() -> None:
    few = given.resource(training={"search": SEARCH | {"maxTrials": 2}})
    assert job(few, SEARCHING)["spec"]["parallelism"] == 2


@pytest.mark.parametrize("run", [RUN, SEARCHING])
def test_both_jobs_are_told_what_is_searched_for_and_by_which_metric(run: Any) -> None:
    told = environment(job(SEARCHED, run))
    assert json.loads(told["DANDELION_SEARCH"]) == {
        "parameters": PARAMETERS,
        "maxTrials": 12,
        "pruning": "SuccessiveHalving",
        "metric": "macroF1",
    }
    assert told["DANDELION_SEARCH_URI"] == "s3://models/default/lawn/run1/search"


def test_training_is_told_how_many_folds_there_are() -> None:
    told = environment(job(given.resource(training={"crossValidation": {"folds": 4}})))
    assert told["DANDELION_FOLDS"] == "4"
    assert told["DANDELION_FOLDS_URI"] == "s3://models/default/lawn/run1/folds"


def test_without_either_nothing_is_said_of_them() -> None:
    assert not [name for name in environment(job()) if "SEARCH" in name or "FOLDS" in name]


def test_the_host_name_of_the_last_pod_is_none_that_kubernetes_refuses() -> None:
    """Of the longest name, in a late attempt: an Indexed Job's pods are called by their index."""
    key = replace(given.resource().key, name="a" * 42)
    wanted = replace(SEARCHED, key=key)
    built = job(wanted, replace(SEARCHING, run="0123456789", attempt=99))
    assert len(f"{built['metadata']['name']}-99") <= 63
