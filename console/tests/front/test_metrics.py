"""What Prometheus is told of requests, logins and actions, and of nobody's name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from dandelion_console.front.gate import Gate
from dandelion_console.ports.metrics import METHODS, OTHER, UNMATCHED, Metrics
from fakes.cluster import FakeCluster
from fakes.review import FakeReview, waiting
from given.browser import Browser, app
from given.models import model
from prometheus_client import generate_latest

MODEL = "/namespaces/team/models/lawn"


@pytest.fixture
def site(cluster: FakeCluster, tmp_path: Path) -> Gate:
    cluster.add(model(spec={"feedback": {"mode": "Review"}}))
    cluster.let("ada", "get", "list", "patch", "create review")
    cluster.let("viewer", "get", "list")
    review = FakeReview(items={"sample": [waiting(1)]})
    return app(cluster, tmp_path, review=review)


def counted(site: Gate, name: str, **labels: str) -> float:
    return site._metrics.registry.get_sample_value(f"dandelion_console_{name}", labels) or 0


def logged_in(site: Gate, person: str) -> Browser:
    browser = Browser(site)
    browser.log_in(f"token-of-{person}")
    return browser


def act(browser: Browser, action: str = "train") -> httpx.Response:
    sent = {"uid": "uid-of-lawn", "value": "2026-03-08T12:00:00Z"}
    return browser.post(f"{MODEL}/{action}", sent)


def test_requests_are_counted_by_route_and_never_by_name(site: Gate) -> None:
    browser = logged_in(site, "ada")
    route = "/namespaces/{namespace}/models/{name}"
    for path in (MODEL, "/namespaces/team/models/other"):
        browser.get(path)
    assert counted(site, "requests_total", method="GET", route=route, code="200") == 1
    assert counted(site, "requests_total", method="GET", route=route, code="404") == 1
    assert counted(site, "request_duration_seconds_count", method="GET", route=route) == 2
    assert "lawn" not in exposed(site)
    assert "team" not in exposed(site)


def exposed(site: Gate) -> str:
    return generate_latest(site._metrics.registry).decode()


@pytest.mark.parametrize("method", ["GET", "BREW", "POST"])
def test_what_no_route_answers_is_one_route_whatever_it_is_called(site: Gate, method: str) -> None:
    browser = Browser(site)
    known = method if method in METHODS else OTHER
    for number in range(3):
        browser.send(method, f"/nowhere-{number}")
    (found,) = set(re.findall(rf'requests_total{{.*method="{known}".*}}', exposed(site)))
    assert f'route="{UNMATCHED}"' in found
    assert "nowhere" not in exposed(site)


def test_logins_are_counted_by_what_came_of_them(site: Gate, cluster: FakeCluster) -> None:
    logged_in(site, "ada")
    assert Browser(site).post("/login", {"token": "nobodys", "next": "/"}).status_code == 401
    assert Browser(site).post("/login", {"token": "ä", "next": "/"}).status_code == 401
    for result, count in (("done", 1), ("refused", 2), ("failed", 0)):
        assert counted(site, "logins_total", by="token", result=result) == count
    assert "ada" not in exposed(site)


@pytest.mark.parametrize("action", ["train", "pause"])
def test_actions_are_counted_by_what_came_of_them(site: Gate, action: str) -> None:
    results = {"done": "ada", "refused": "viewer"}
    for result, person in results.items():
        before = counted(site, "actions_total", action=action, result=result)
        act(logged_in(site, person), action)
        assert counted(site, "actions_total", action=action, result=result) == before + 1
    assert counted(site, "actions_total", action=action, result="failed") == 0


def test_an_action_that_the_cluster_does_not_answer_has_failed(
    site: Gate, cluster: FakeCluster
) -> None:
    browser = logged_in(site, "ada")
    cluster.broken = httpx.ConnectError("away")
    assert act(browser).status_code == 503
    assert counted(site, "actions_total", action="train", result="failed") == 1
    assert counted(site, "actions_total", action="train", result="refused") == 0


def test_decisions_are_counted_too(site: Gate) -> None:
    browser = logged_in(site, "ada")
    hidden = re.findall(r'name="(\w+)" value="([^"]*)"', browser.get(f"{MODEL}/review").text)
    sent = dict(hidden) | {"choice": "right"}
    browser.post(f"{MODEL}/review", sent)
    browser.post(f"{MODEL}/review", sent | {"choice": ""})
    logged_in(site, "viewer").post(f"{MODEL}/review", sent)
    assert counted(site, "actions_total", action="review", result="done") == 1
    assert counted(site, "actions_total", action="review", result="refused") == 2


def test_an_action_that_there_is_not_is_no_label(site: Gate) -> None:
    act(logged_in(site, "ada"), "dance")
    assert "dance" not in exposed(site)


def test_series_begin_at_zero() -> None:
    metrics = Metrics(["train"])
    found: Any = metrics.registry.get_sample_value
    assert found("dandelion_console_actions_total", {"action": "train", "result": "done"}) == 0
    assert found("dandelion_console_logins_total", {"by": "oidc", "result": "failed"}) == 0


def test_prometheus_asks_on_a_port_of_its_own(site: Gate) -> None:
    port = Metrics(["train"]).serve(0)
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    assert "dandelion_console_actions_total" in answer.text
    assert Browser(site).get("/metrics").status_code == 404
