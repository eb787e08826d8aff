"""MLflow behind a real gateway: it answers under its outer name, and asks who somebody is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.api.mlflow.server import API, Mlflow, running
from tests.api.server import ApiServer
from tests.chart.rendering import NAMESPACE, render
from tests.console.served import TEAM
from tests.gateway import contour
from tests.gateway.backends import own_address, publish
from tests.gateway.contour import Gateway
from tests.gateway.values import MLFLOW, MLFLOW_BY_INGRESS, WAYS_IN

READER = "reader"
SEARCH = f"{API}/registered-models/search"


@dataclass(frozen=True)
class Registry:
    mlflow: Mlflow
    gateway: Gateway

    def ask(self, url: str, token: str | None, path: str, **headers: str) -> httpx.Response:
        told = {"Authorization": f"Bearer {token}"} if token else {}
        with self.gateway.client(url, **told, **{"X-MLFLOW-WORKSPACE": TEAM}, **headers) as client:
            return client.get(path)


@pytest.fixture(scope="module")
def registry(
    team: ApiServer, gateway: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("mlflow")
    with running(team, folder, WAYS_IN, own_address()) as mlflow:
        chart, name = render(WAYS_IN), "dandelion-mlflow"
        publish(team, chart.one("Service", name).content, NAMESPACE, mlflow.url)
        team.apply(dict(contour.certificate(NAMESPACE, gateway)), "--server-side")
        for kind in ("HTTPRoute", "Ingress"):
            team.apply(dict(chart.one(kind, name).content), "--server-side")
        for host in (MLFLOW, MLFLOW_BY_INGRESS):
            gateway.await_answer(f"https://{host}/health")
        mlflow.account(f"{TEAM}:{READER}", "dandelion-mlflow-view")
        yield Registry(mlflow, gateway)


@pytest.fixture(params=[MLFLOW, MLFLOW_BY_INGRESS], ids=["route", "ingress"])
def url(request: pytest.FixtureRequest) -> str:
    return f"https://{request.param}"


def test_it_is_well_and_answers_whom_the_cluster_knows(registry: Registry, url: str) -> None:
    assert registry.ask(url, None, "/health").text == "OK"
    for token in (None, "forged"):
        assert registry.ask(url, token, SEARCH).status_code == 401
    for account, status in ((READER, 404), ("stranger", 403)):
        token = registry.mlflow.token(f"{TEAM}:{account}")
        answer = registry.ask(url, token, f"{API}/registered-models/get?name={TEAM}.lawn")
        assert answer.status_code == status, answer.text


def test_no_header_says_who_somebody_is(registry: Registry, url: str) -> None:
    forged = {
        "X-Remote-User": "system:admin",
        "X-Forwarded-User": "system:admin",
        "X-Remote-Group": "system:masters",
        "X-Forwarded-Access-Token": registry.mlflow.token(f"{TEAM}:{READER}", audience="vault"),
    }
    assert registry.ask(url, None, SEARCH, **forged).status_code == 401


def test_its_pages_come_for_its_outer_name_and_for_no_other_sites(
    registry: Registry, url: str
) -> None:
    token = registry.mlflow.token(f"{TEAM}:{READER}")
    told = {"Authorization": f"Bearer {token}", "X-MLFLOW-WORKSPACE": TEAM}
    with registry.gateway.client(url, **told) as browser:
        for origin, status in ((url, 200), ("https://evil.example.com", 403)):
            answer = browser.post(
                f"{API}/experiments/search",
                json={"max_results": 1},
                headers={"Origin": origin},
            )
            assert answer.status_code == status, answer.text
