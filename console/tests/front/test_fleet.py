"""The first page: what one may see, and what is said where one may not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from fakes.cluster import FakeCluster, refusal
from given.browser import Browser, app
from given.models import condition, model

MARKUP = '<script>alert("x")</script>'


def test_every_model_that_one_may_see_is_there_with_its_figures(
    viewer: Browser, cluster: FakeCluster
) -> None:
    cluster.add(model("park", "other", live_accuracy=None))
    page = viewer.get("/").text
    for said in ("lawn", "park", "2 models: 2 ready", "version 3, accuracy 0.951"):
        assert said in page
    assert '<a href="/namespaces/other/models/park">park</a>' in page


def test_one_that_is_not_ready_says_why(viewer: Browser, cluster: FakeCluster) -> None:
    why = condition("Ready", "False", "TrainingFailed", "DatasetEmpty: no images below the prefix")
    cluster.add(model("park", conditions=[why], champion=None))
    page = viewer.get("/").text
    assert "<b>TrainingFailed</b>: DatasetEmpty: no images below the prefix" in page
    assert "2 models: 1 not ready, 1 ready" in page
    assert page.index(">park<") < page.index(">lawn<")


def test_a_run_in_flight_shows_how_far_it_is(viewer: Browser, cluster: FakeCluster) -> None:
    cluster.add(model(training={"state": "Running", "progressPercent": 45, "stage": "train"}))
    assert "45 %, running, train" in viewer.get("/").text


def test_what_the_cluster_holds_is_text_and_never_markup(
    viewer: Browser, cluster: FakeCluster
) -> None:
    why = condition("Ready", "False", MARKUP, MARKUP)
    cluster.add(model(conditions=[why], champion={"version": MARKUP}, training={"stage": MARKUP}))
    page = viewer.get("/").text
    assert "alert" in page
    assert MARKUP not in page


def test_who_may_not_list_all_namespaces_chooses_one(
    browser: Browser, cluster: FakeCluster
) -> None:
    cluster.let("member", "list", "get", namespace="team")
    cluster.namespaces = ("other", "team")
    browser.log_in("token-of-member")
    page = browser.get("/")
    assert page.status_code == 200
    assert '<a href="/?namespace=team">team</a>' in page.text
    assert "namespace=other" not in page.text
    assert "lawn" in browser.get("/?namespace=team").text


def test_a_service_account_that_sees_no_namespaces_is_offered_its_own(
    browser: Browser, cluster: FakeCluster
) -> None:
    token = cluster.let("system:serviceaccount:team:camera", "list", namespace="team")
    browser.log_in(token)
    assert '<a href="/?namespace=team">team</a>' in browser.get("/").text


def test_what_was_said_to_be_offered_is_however_many_there_are(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.let("member", "list", namespace="team")
    cluster.namespaces = tuple(f"of-others-{number}" for number in range(200))
    browser = Browser(app(cluster, tmp_path, namespaces="team"))
    browser.log_in("token-of-member")
    assert '<a href="/?namespace=team">team</a>' in browser.get("/").text


def test_namespaces_that_are_too_much_to_read_are_left_out(
    browser: Browser, cluster: FakeCluster
) -> None:
    token = cluster.let("system:serviceaccount:team:camera", "list", namespace="team")
    cluster.namespaces = tuple("n" * 10_000 + str(number) for number in range(250))
    browser.log_in(token)
    assert '<a href="/?namespace=team">team</a>' in browser.get("/").text


def test_another_namespace_is_refused_in_the_api_servers_words(
    browser: Browser, cluster: FakeCluster
) -> None:
    cluster.let("member", "list", "get", namespace="team")
    browser.log_in("token-of-member")
    page = browser.get("/?namespace=other")
    assert page.status_code == 403
    assert "User &#34;member&#34; cannot list resource" in page.text


def test_what_is_no_namespace_is_not_asked_for(viewer: Browser, cluster: FakeCluster) -> None:
    cluster.requests.clear()
    page = viewer.get("/?namespace=../../secrets")
    assert page.status_code == 400
    assert not [request for request in cluster.requests if ".." in str(request.url)]


def test_an_empty_cluster_says_so(viewer: Browser, cluster: FakeCluster) -> None:
    cluster.models.clear()
    assert "There is no ModelDeployment yet." in viewer.get("/").text


def test_where_the_cluster_knows_no_models_the_page_passes_that_on(
    viewer: Browser, cluster: FakeCluster
) -> None:
    cluster.broken = refusal(404, "NotFound", "the server could not find the requested resource")
    page = viewer.get("/")
    assert page.status_code == 404
    assert "could not find the requested resource" in page.text


def test_what_is_no_api_server_is_not_believed(viewer: Browser, cluster: FakeCluster) -> None:
    cluster.broken = httpx.Response(200, text="<html>welcome</html>")
    assert viewer.get("/").status_code == 503


def test_an_answer_without_end_is_not_read_to_it(viewer: Browser, cluster: FakeCluster) -> None:
    read = []

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while len(read) < 1000:
                read.append(b" " * 64 * 1024)
                yield read[-1]

    cluster.broken = httpx.Response(200, stream=Endless())
    page = viewer.get("/namespaces/team/models/lawn")
    assert page.status_code == 503
    assert 0 < len(read) < 200


def test_models_that_are_too_much_for_one_answer_come_in_smaller_ones(
    viewer: Browser, cluster: FakeCluster
) -> None:
    cluster.add(
        *(model(f"lawn-{number}", annotations={"note": "a" * 10**6}) for number in range(9))
    )
    page = viewer.get("/")
    assert page.status_code == 200
    assert "10 models: 10 ready" in page.text


def test_of_many_models_an_open_page_asks_more_rarely(
    viewer: Browser, cluster: FakeCluster
) -> None:
    assert 'data-every="5"' in viewer.get("/").text
    cluster.add(*(model(f"lawn-{number}") for number in range(399)))
    assert 'data-every="25"' in viewer.get("/").text
