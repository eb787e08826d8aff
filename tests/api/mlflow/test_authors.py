"""Who moved an alias stands in the registry, by MLflow's hand, and reaches the operator."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from dandelion_operator.seen.versions import RegistrySeen

from tests.api.mlflow.server import API, Mlflow
from tests.api.mlflow.test_clients import operator
from tests.chart.rendering import NAMESPACE

TEAM, MODEL = "nursery", "nursery.tulips"
NOTE = "dandelion.dev/alias-moved-by.champion"
ROLES = ("dandelion-mlflow-view", "dandelion-mlflow-edit", "dandelion-mlflow-admin")


@pytest.fixture(scope="module")
def tokens(mlflow: Mlflow) -> dict[str, str]:
    """Of two administrators, and of the operator."""
    mlflow.api.kubectl("create", "namespace", TEAM)
    people = {name: mlflow.account(f"{TEAM}:{name}", *ROLES) for name in ("jane", "joe")}
    return people | {"operator": mlflow.token(f"{NAMESPACE}:dandelion-operator")}


@pytest.fixture(scope="module")
def model(mlflow: Mlflow, tokens: dict[str, str]) -> str:
    """A model of two versions."""
    ask(mlflow, tokens["jane"], "POST", "/registered-models/create").raise_for_status()
    for run in ("a", "b"):
        source = f"s3://models/nursery/tulips/{run}/artifact"
        ask(mlflow, tokens["jane"], "POST", "/model-versions/create", source=source)
    return MODEL


def ask(mlflow: Mlflow, token: str, method: str, path: str, **body: Any) -> httpx.Response:
    return mlflow.ask(token, TEAM, method, f"{API}{path}", json={"name": MODEL, **body})


def move(mlflow: Mlflow, token: str, version: str, alias: str = "champion") -> httpx.Response:
    return ask(mlflow, token, "POST", "/registered-models/alias", alias=alias, version=version)


def notes(mlflow: Mlflow, token: str) -> dict[str, Any]:
    query = {"name": MODEL}
    found = mlflow.ask(token, TEAM, "GET", f"{API}/registered-models/get", params=query)
    tags = found.raise_for_status().json()["registered_model"].get("tags", [])
    return {tag["key"]: json.loads(tag["value"]) for tag in tags}


async def seen(mlflow: Mlflow, file: Path) -> RegistrySeen:
    async with operator(mlflow, file) as own:
        found = await own.snapshot(MODEL)
    assert isinstance(found, RegistrySeen)
    return found


def test_who_gave_the_alias_reaches_the_operator(
    mlflow: Mlflow, model: str, tokens: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(tokens["operator"])
    for name, version in (("jane", "1"), ("joe", "2")):
        move(mlflow, tokens[name], version).raise_for_status()
        account = f"system:serviceaccount:{TEAM}:{name}"
        assert notes(mlflow, tokens["jane"])[NOTE] == {"version": version, "by": account}
        found = asyncio.run(seen(mlflow, file))
        assert (found.champion, found.moved_by) == (int(version), account)


def test_a_note_is_about_what_was_done(mlflow: Mlflow, model: str, tokens: dict[str, str]) -> None:
    move(mlflow, tokens["joe"], "1").raise_for_status()
    assert move(mlflow, tokens["jane"], "7").status_code == httpx.codes.NOT_FOUND
    assert notes(mlflow, tokens["jane"])[NOTE]["by"].endswith(":joe")
    move(mlflow, tokens["jane"], "2", "looked-at").raise_for_status()
    assert [key for key in notes(mlflow, tokens["jane"]) if key.endswith("looked-at")] == []


@pytest.mark.parametrize("caller", ["jane", "operator"])
def test_nobody_may_write_the_note(
    mlflow: Mlflow, model: str, tokens: dict[str, str], caller: str
) -> None:
    move(mlflow, tokens["joe"], "1").raise_for_status()
    token = tokens[caller]
    tag = {"key": NOTE, "value": '{"version":"1","by":"joe"}'}
    answers = [
        ask(mlflow, token, "POST", "/registered-models/set-tag", **tag),
        ask(mlflow, token, "DELETE", "/registered-models/delete-tag", key=NOTE),
        ask(mlflow, token, "POST", "/registered-models/create", name=f"{TEAM}.new", tags=[tag]),
    ]
    assert [answer.status_code for answer in answers] == [httpx.codes.FORBIDDEN] * 3
    assert "who moved an alias" in answers[0].text
    assert notes(mlflow, tokens["jane"])[NOTE]["by"] == f"system:serviceaccount:{TEAM}:joe"
