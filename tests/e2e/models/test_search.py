"""Settings are searched for, and the model is trained with those of the best trial."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.e2e.world import World, colours

NAME, TRIALS = "searched", 3
SEARCH = {
    "parameters": {
        "learningRate": {"min": 0.0001, "max": 0.01},
        "batchSize": {"values": [8, 16]},
    },
    "maxTrials": TRIALS,
    "parallelTrials": 2,
}


@pytest.fixture(scope="module")
def version(world: World) -> dict[str, Any]:
    """The version that a search of three trials ends with."""
    world.train(NAME, world.upload("searched", colours()), training={"search": SEARCH})
    world.until_condition(NAME, "Trained", "Unknown", "SearchRunning")
    world.until_served(NAME, "1")
    (found,) = world.versions(NAME)
    return found


def tags(item: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in item["tags"]}


def runs(world: World, condition: str) -> list[dict[str, Any]]:
    """The runs of the model's experiment in MLflow that meet a condition."""
    client: httpx.Client = world.mlflow
    name = {"experiment_name": world.model(NAME)}
    found = client.get("/api/2.0/mlflow/experiments/get-by-name", params=name).raise_for_status()
    body = {
        "experiment_ids": [found.json()["experiment"]["experiment_id"]],
        "filter": condition,
    }
    answer = client.post("/api/2.0/mlflow/runs/search", json=body).raise_for_status()
    listed: list[dict[str, Any]] = answer.json().get("runs", [])
    return listed


def test_one_search_and_one_training_made_the_version(
    world: World, version: dict[str, Any]
) -> None:
    jobs = {job["metadata"]["name"]: job for job in world.owned("jobs", NAME)}
    (search,) = (job for name, job in jobs.items() if f"{NAME}-try-" in name)
    assert len(jobs) == 2
    assert search["spec"]["completionMode"] == "Indexed"
    assert search["status"]["succeeded"] == TRIALS
    told = world.status(NAME)["training"]["search"]
    assert (told["trials"], told["finished"]) == (TRIALS, TRIALS)
    assert json.loads(tags(version)["dandelion.dev/search-parameters"]).keys() == {
        "batchSize",
        "learningRate",
    }
    assert tags(version)["dandelion.dev/search-trials"] == str(TRIALS)


def test_mlflow_shows_the_trials_below_the_run_that_was_trained_with_the_winner(
    world: World, version: dict[str, Any]
) -> None:
    (parent,) = runs(world, f"tags.`dandelion.dev/run` = '{tags(version)['dandelion.dev/run']}'")
    chosen = json.loads(tags(version)["dandelion.dev/search-parameters"])
    learnt = {item["key"]: item["value"] for item in parent["data"]["params"]}
    assert int(learnt["batch_size"]) == chosen["batchSize"]
    assert float(learnt["learning_rate"]) == chosen["learningRate"]
    children = runs(world, f"tags.`mlflow.parentRunId` = '{parent['info']['run_id']}'")
    assert len(children) == TRIALS
