"""Operator and training do their work with the chart's roles, by their own code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from dandelion_operator.api.reasons import Failure
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.registry import Registry as OfTheOperator
from dandelion_operator.ports.registry import http_client
from dandelion_operator.seen.versions import RegistrySeen
from dandelion_training.ports import registry as training
from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.ports.registry.identity import identity

from tests.api.mlflow.server import Mlflow
from tests.chart.rendering import NAMESPACE

TEAM, MODEL = "orchard", "orchard.apples"
SOURCE = "s3://models/orchard/apples/a1/artifact"


@pytest.fixture(scope="module", autouse=True)
def _team(mlflow: Mlflow) -> None:
    mlflow.api.kubectl("create", "namespace", TEAM)


@pytest.fixture
def trained(mlflow: Mlflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> training.Registry:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    file = tmp_path / "training"
    file.write_text(mlflow.account(f"{TEAM}:apples-training", "dandelion-mlflow-training"))
    client = training.connect(mlflow.url)
    return training.Registry(client, "a1", mlflow.url, identity(file, TEAM))


@pytest.fixture
def token_file(mlflow: Mlflow, tmp_path: Path) -> Path:
    file = tmp_path / "operator"
    file.write_text(mlflow.token(f"{NAMESPACE}:dandelion-operator"))
    return file


@asynccontextmanager
async def operator(mlflow: Mlflow, token_file: Path) -> AsyncIterator[OfTheOperator]:
    fence = Fence()
    fence.open_until(float("inf"))
    async with http_client(mlflow.url, token_file) as http:
        yield OfTheOperator(http, fence, by_namespace=True)


def test_a_run_is_registered_by_training_and_promoted_by_the_operator(
    mlflow: Mlflow, trained: training.Registry, token_file: Path, tmp_path: Path
) -> None:
    trained.begin(MODEL, {"epochs": "3"}, {"dandelion.dev/trigger": "Created"})
    trained.measure(1, {"loss": 0.5})
    trained.log_dataset("apples", "sha256:1", "s3://datasets/apples", {"images": 1}, "training")
    report = tmp_path / "report.html"
    report.write_text("<p>fine</p>")
    trained.attach(report)
    trained.keep_child("trial-0", {"a": "1"}, {"accuracy": {1: 0.5}}, {}, failed=False)
    tags = {"dandelion.dev/contract-digest": "sha256:1"}
    assert trained.register(MODEL, SOURCE, tags) == "1"
    trained.finish(succeeded=True)

    async def promoted() -> None:
        async with operator(mlflow, token_file) as own:
            assert MODEL in await own.pulses()
            assert own.lists_at_once
            await own.set_tags(MODEL, 1, {"verdict": "promoted"})
            await own.set_alias(MODEL, "champion", 1)
            await own.set_alias(MODEL, "challenger", 1)
            await own.remove_alias(MODEL, "challenger")
            seen = await own.snapshot(MODEL)
        assert isinstance(seen, RegistrySeen)
        assert (seen.champion, seen.challenger) == (1, None)
        assert [item.verdict for item in seen.versions] == ["promoted"]

    asyncio.run(promoted())
    with pytest.raises(TrainingFailure, match="Permission denied"):
        trained._once(lambda: _moved(mlflow))


def _moved(mlflow: Mlflow) -> None:
    """What training's own client is refused."""
    from mlflow import MlflowClient

    MlflowClient(mlflow.url).set_registered_model_alias(MODEL, "champion", "1")


def test_a_lost_registry_is_restored_by_the_operator(mlflow: Mlflow, token_file: Path) -> None:
    lost = f"{TEAM}.pears"

    async def restored() -> None:
        async with operator(mlflow, token_file) as own:
            await own.begin_restoring(lost)
            await own.begin_restoring(lost)
            await own.register(lost, SOURCE, {"run": "a1"})
            await own.end_restoring(lost)
            seen = await own.snapshot(lost)
        assert isinstance(seen, RegistrySeen)
        assert [item.run for item in seen.versions] == ["a1"]
        assert not seen.restoring

    asyncio.run(restored())


def test_a_model_that_was_never_registered_is_no_error(mlflow: Mlflow, token_file: Path) -> None:
    async def asked() -> RegistrySeen | Failure:
        async with operator(mlflow, token_file) as own:
            return await own.snapshot(f"{TEAM}.plums")

    assert asyncio.run(asked()) == RegistrySeen()
