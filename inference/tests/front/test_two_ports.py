"""What callers find on the public port, and what is for the cluster alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fakes import api_server as fake_api_server
from fakes import s3 as fake_s3
from fakes.api_server import FakeApiServer
from given import artifacts
from running.reviewing import reviewing
from running.service import Service, environment, started

CLUSTERS = ("/healthz", "/readyz", "/drift", "/metrics")
METADATA = ("/v2/models/lawn", "/v2/models/lawn/versions/3")
# Where nobody is asked for a token.
OPEN = (
    *("/", "/docs", "/openapi.json", "/readyz"),
    *("/v1/models/lawn", "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/lawn/ready"),
)


@pytest.mark.parametrize("path", CLUSTERS)
def test_the_cluster_is_answered_on_its_own_port(probes: httpx.Client, path: str) -> None:
    answer = probes.get(path)
    assert answer.status_code == 200
    head = probes.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert probes.post(path).status_code == 405


@pytest.mark.parametrize("path", ["/", "/predict", "/v2", "/metrics/more"])
def test_nothing_else_is_there(probes: httpx.Client, path: str) -> None:
    answer = probes.get(path)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "On this port are /healthz, /readyz, /drift and /metrics."


@pytest.mark.parametrize("path", ["/healthz", "/drift", "/metrics"])
def test_neither_counts_nor_health_are_public(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


def test_callers_are_told_which_version_answers(client: httpx.Client) -> None:
    assert client.get("/readyz").json() == {"model": {"name": "lawn", "version": "3"}}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeApiServer]:
    with fake_api_server.running(tmp_path_factory.mktemp("account")) as server:
        for action in ("predict", "feedback"):
            name = f"system:serviceaccount:default:{action}"
            server.users[f"token-of-{action}"] = name
            server.rules.add((name, action))
        yield server


@pytest.fixture(scope="module")
def guarded(api: FakeApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A ready service that answers only whom the cluster lets."""
    stored = artifacts.stored()
    with fake_s3.running() as s3:
        s3.objects.update(stored.objects())
        wanted = environment(stored, s3.url, tmp_path_factory.mktemp("service"))
        with (
            reviewing(api.server_port, api.folder) as reviewer,
            started(wanted | reviewer.environment()) as service,
        ):
            service.wait_ready()
            yield service


@pytest.mark.parametrize("path", METADATA)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 401, id="a stranger"),
        pytest.param({"Authorization": "Bearer token-of-feedback"}, 403, id="who may only correct"),
        pytest.param({"Authorization": "Bearer token-of-predict"}, 200, id="who may predict"),
    ],
)
def test_classes_and_shapes_are_for_those_who_may_predict(
    guarded: Service, path: str, headers: dict[str, str], status: int
) -> None:
    answer = guarded.get(path, headers=headers)
    assert answer.status_code == status
    assert ("classes" in answer.text) is (status == 200)


def test_metadata_that_want_a_token_are_described_so(guarded: Service) -> None:
    paths = guarded.get("/openapi.json").json()["paths"]
    guarded_paths = {path for path, of in paths.items() if "security" in next(iter(of.values()))}
    assert {"/v2/models/{name}", "/v2/models/{name}/versions/{version}"} <= guarded_paths
    assert "/v2/health/ready" not in guarded_paths


@pytest.mark.parametrize("path", OPEN)
def test_what_strangers_may_read_names_no_class(guarded: Service, path: str) -> None:
    answer = guarded.get(path)
    assert answer.status_code == 200
    assert not {"red", "green", "blue"} & set(re.findall(r"\w+", answer.text))


@pytest.mark.parametrize(
    "path", ["/readyz", "/v1/models/lawn", "/v2/health/ready", "/v2/models/lawn/ready"]
)
def test_what_is_in_a_pods_way_is_told_to_the_cluster_and_not_to_strangers(
    tmp_path: Path, path: str
) -> None:
    wanted = environment(artifacts.stored(), "http://127.0.0.1:1", tmp_path)
    reviewed = {"DANDELION_AUTH": "ClusterTokens", "DANDELION_TOKEN_REVIEWER_URL": "http://nowhere"}
    with started(wanted | reviewed) as service:
        assert "127.0.0.1:1" in service.wait_for(503, "StorageUnreachable")["detail"]
        told = service.get(path)
        assert (told.status_code, told.json()["reason"]) == (503, "StorageUnreachable")
        assert "127.0.0.1" not in told.text


def test_where_everybody_may_predict_everybody_is_told_what_is_in_the_way(tmp_path: Path) -> None:
    wanted = environment(artifacts.stored(), "http://127.0.0.1:1", tmp_path)
    with started(wanted) as service:
        detail = service.wait_for(503, "StorageUnreachable")["detail"]
        assert service.get("/readyz").json()["detail"] == detail
