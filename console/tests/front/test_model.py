"""The page of one model: all that is known of it, for those who may see it."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from fakes.cluster import FakeCluster
from given.browser import Browser, app
from given.models import CHAMPION, model
from given.stories import much_said

PAGE = "/namespaces/team/models/lawn"


def words(text: str) -> str:
    """What is read, without markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@pytest.mark.parametrize(
    "said",
    [
        "Champion: version 3",
        "Challenger: version 4",
        "accuracy 0.951 0.931",
        "difference −0.020, between −0.040 to +0.001",
        "Worse",
        "It never answers moss.",
        "They disagree: 3 of these images only version 4 got right, 8 only version 3; 4 neither",
        "New in version 4: fern.",
        "Version 4 does not know any more: clover.",
        "1 version of it in the history",
        "45 %, running, train",
        "started by Drift (drift 1.70 is above 1.5)",
        "0.933, 0.880 to 0.970 of 120 reviewed",
        "1.70 × threshold (blur)",
        "1200, 240 held out",
        "4: duplicate 3, unreadable 1",
        "class moss has 12 images only",
        "Promoted: False GateFailed",
        "version 4 is worse than version 3",
        "http://lawn-inference.team.svc/predict",
        "Next by schedule: 2026-03-09T03:00:00Z",
    ],
)
def test_it_tells_what_the_status_holds(viewer: Browser, cluster: FakeCluster, said: str) -> None:
    cluster.add(much_said())
    assert said in words(viewer.get(PAGE).text)


@pytest.mark.parametrize(("pods", "said"), [(1, "by 1 pod"), (2, "by 2 pods")])
def test_it_counts_the_pods_that_serve(
    viewer: Browser, cluster: FakeCluster, pods: int, said: str
) -> None:
    cluster.add(model(champion=CHAMPION | {"servedReplicas": pods}))
    assert f"served as int8, {said} " in words(viewer.get(PAGE).text)


def test_it_leads_to_mlflow_and_grafana_where_somebody_said_where_they_are(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.let("viewer", "get", "list")
    champion = {"version": "3", "runId": 'r"><script>', "metrics": {"accuracy": 0.9}}
    cluster.add(much_said(champion=champion))
    addresses = {"mlflow_url": "https://mlflow.example.com/", "grafana_url": "https://g.example/x"}
    told = Browser(app(cluster, tmp_path, **addresses))
    told.log_in("token-of-viewer")
    page = told.get(PAGE).text
    found = [html.unescape(each) for each in re.findall(r'href="(https:[^"]+)"', page)]
    mlflow = "https://mlflow.example.com/#"
    workspace = "?workspace=team"
    assert set(found) == {
        f"{mlflow}/models/team.lawn{workspace}",
        f"{mlflow}/models/team.lawn/versions/3{workspace}",
        f"{mlflow}/models/team.lawn/versions/4{workspace}",
        f"{mlflow}/runs/r%22%3E%3Cscript%3E{workspace}",
        "https://g.example/x/d/dandelion-models?var-namespace=team&var-model=lawn",
    }


def test_without_an_address_nothing_leads_elsewhere(viewer: Browser, cluster: FakeCluster) -> None:
    cluster.add(much_said())
    page = viewer.get(PAGE).text
    assert "https://" not in page
    assert "MLflow" not in words(page)


def test_its_history_is_a_timeline_with_the_newest_first(
    viewer: Browser, cluster: FakeCluster
) -> None:
    cluster.add(much_said())
    page = words(viewer.get(PAGE).text)
    order = [page.index(text) for text in ("Rejected version 4", "run 1a2b: 150", "from version 2")]
    assert order == sorted(order)
    assert "by Person started by Created" in page
    assert "accuracy 0.931 against 0.951, difference between −0.040 to +0.001" in page


def test_a_model_of_which_nothing_is_known_yet_has_a_page(
    viewer: Browser, cluster: FakeCluster
) -> None:
    cluster.add(much_said() | {"status": {}})
    page = words(viewer.get(PAGE).text)
    for said in ("has not looked at it yet", "There is no version yet", "Nothing has been decided"):
        assert said in page


def test_markup_in_every_text_of_it_is_text(viewer: Browser, cluster: FakeCluster) -> None:
    markup = '"><img src=x onerror=alert(1)>'

    def with_markup(value: object) -> object:
        if isinstance(value, dict):
            return {key: with_markup(each) for key, each in value.items()}
        if isinstance(value, list):
            return [with_markup(each) for each in value]
        return value + markup if isinstance(value, str) else value

    hostile = much_said()
    # As a class may be called: keys are texts of people too.
    hostile["status"]["dataset"]["rejected"] = {markup: 1}
    cluster.add(hostile | {"status": with_markup(hostile["status"])})
    page = viewer.get(PAGE).text
    assert "onerror" in page
    assert "<img src=x" not in page
    assert '">&lt;img' not in page


def test_one_that_is_not_there_is_said_so_in_the_api_servers_words(viewer: Browser) -> None:
    page = viewer.get("/namespaces/team/models/meadow")
    assert page.status_code == 404
    assert "&#34;meadow&#34; not found" in page.text


def test_another_teams_model_is_not_shown(browser: Browser, cluster: FakeCluster) -> None:
    cluster.let("stranger", "list", "get", "patch", namespace="other")
    browser.log_in("token-of-stranger")
    page = browser.get(PAGE)
    assert page.status_code == 403
    assert "Serving" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/namespaces/Team/models/lawn",
        "/namespaces/team/models/..",
        "/namespaces/team/models/a%2Fstatus",
        "/namespaces/team/models/lawn%3Fwatch=1",
        "/namespaces/team%0a/models/lawn",
        "/namespaces/" + "a" * 64 + "/models/lawn",
    ],
)
def test_what_is_no_name_is_asked_of_nobody(
    viewer: Browser, cluster: FakeCluster, path: str
) -> None:
    cluster.requests.clear()
    assert viewer.get(path).status_code == 404
    assert not cluster.requests
