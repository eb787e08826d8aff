"""To an MLflow that asks the cluster, the operator says who it is, and for which namespace."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.registry import Registry, RegistryError
from dandelion_operator.ports.registry.calls import LISTING
from dandelion_operator.ports.registry.identity import Token

MODEL = "garden.roses"
SEARCH = "/api/2.0/mlflow/model-versions/search"


class Mlflow:
    """Notes what it is asked, and answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.says: dict[str, httpx.Response] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        path, headers = request.url.path, request.headers
        workspace = headers.get("X-MLFLOW-WORKSPACE")
        self.asked.append((path, workspace, headers.get("Authorization")))
        if path in self.says:
            return self.says[path]
        return httpx.Response(200, json={"registered_model": {}, "model_versions": []})

    def workspaces(self, path: str) -> list[str | None]:
        return [workspace for asked, workspace, _ in self.asked if asked == path]


@pytest.fixture
def mlflow() -> Mlflow:
    return Mlflow()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "token"
    found.write_text("first\n")
    return found


def registry(mlflow: Mlflow, file: Path) -> Registry:
    fence = Fence()
    fence.open_until(float("inf"))
    http = httpx.AsyncClient(
        base_url="http://mlflow",
        transport=httpx.MockTransport(mlflow.handle),
        verify=False,
        auth=Token(file),
    )
    return Registry(http, fence, by_namespace=True)


def listed(*names: str) -> httpx.Response:
    return httpx.Response(200, json={"registered_models": [{"name": name} for name in names]})


def test_every_question_about_a_model_names_its_namespace(mlflow: Mlflow, file: Path) -> None:
    async def scene() -> None:
        asked = registry(mlflow, file)
        await asked.snapshot(MODEL)
        await asked.pulse(MODEL)
        await asked.set_alias(MODEL, "champion", 1)
        await asked.remove_alias(MODEL, "challenger")
        await asked.set_tags(MODEL, 1, {"verdict": "promoted"})
        await asked.begin_restoring(MODEL)
        await asked.register(MODEL, "s3://models/garden/roses/a/artifact", {"run": "a"})
        await asked.end_restoring(MODEL)

    asyncio.run(scene())
    assert len(mlflow.asked) >= 8
    assert {workspace for _, workspace, _ in mlflow.asked} == {"garden"}


def test_a_token_that_was_renewed_is_sent_from_then_on(mlflow: Mlflow, file: Path) -> None:
    for content in ("first\n", "second\n"):
        file.write_text(content)
        asyncio.run(registry(mlflow, file).pulse(MODEL))
    assert [token for _, _, token in mlflow.asked] == ["Bearer first", "Bearer second"]


def test_a_token_that_cannot_be_read_is_no_lost_model(mlflow: Mlflow, file: Path) -> None:
    file.unlink()
    found = asyncio.run(registry(mlflow, file).snapshot(MODEL))
    assert isinstance(found, Failure)
    assert found.reason is Reason.REGISTRY_UNREACHABLE
    assert str(file) in found.message


def test_models_of_all_namespaces_are_listed_without_one(mlflow: Mlflow, file: Path) -> None:
    mlflow.says[LISTING] = listed("garden.roses", "garden.tulips", "park.trees")
    found = asyncio.run(registry(mlflow, file).pulses())
    assert sorted(found) == ["garden.roses", "garden.tulips", "park.trees"]
    assert mlflow.workspaces(LISTING) == [None]
    assert mlflow.workspaces(SEARCH) == ["garden", "park"], "what a start reads of their versions"


@pytest.mark.parametrize("status", [403, 404, 500])
def test_without_the_listing_each_model_is_asked_for_by_itself(
    mlflow: Mlflow, file: Path, status: int
) -> None:
    """Pages are those of one namespace."""
    mlflow.says[LISTING] = httpx.Response(status, text="no")
    with pytest.raises(RegistryError):
        asyncio.run(registry(mlflow, file).pulses())
    assert {path for path, _, _ in mlflow.asked} == {LISTING}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            {
                "error_code": "RESOURCE_DOES_NOT_EXIST",
                "message": "Workspace 'garden' not found in the Kubernetes cluster.",
            },
            "Workspace 'garden' not found",
        ),
        (
            {"error": {"code": "PERMISSION_DENIED", "message": "Permission denied."}},
            "Permission denied.",
        ),
    ],
    ids=["an unknown namespace", "a missing right"],
)
def test_a_refusal_is_no_lost_model(
    mlflow: Mlflow, file: Path, answer: dict[str, Any], words: str
) -> None:
    """A model that MLflow does not hold would be registered again."""
    mlflow.says["/api/2.0/mlflow/registered-models/get"] = httpx.Response(404, json=answer)
    found = asyncio.run(registry(mlflow, file).snapshot(MODEL))
    assert isinstance(found, Failure)
    assert found.reason is Reason.REGISTRY_UNREACHABLE
    assert words in found.message
