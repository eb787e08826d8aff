"""The review page: who sees it, what it asks, and by whose name it is kept."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.cluster import FakeCluster
from fakes.review import PNG, FakeReview, waiting
from given.browser import Browser, app
from given.models import model

MODEL = "/namespaces/team/models/lawn"
PAGE = f"{MODEL}/review"
IMAGE = f"{PAGE}/images/{1:064x}"
JSON = {"accept": "application/json"}


@pytest.fixture
def review() -> FakeReview:
    return FakeReview({"sample": [waiting(1), waiting(2)], "uncertain": [waiting(3)]})


@pytest.fixture
def reviewer(cluster: FakeCluster, review: FakeReview, tmp_path: Path) -> Browser:
    """Somebody who may look and review, and change nothing."""
    cluster.add(model(spec={"feedback": {"mode": "Review"}}))
    cluster.let("ada", "list", "get", "create review")
    browser = Browser(app(cluster, tmp_path, review=review))
    assert browser.log_in("token-of-ada").status_code == 303
    return browser


def form(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def test_the_random_sample_comes_first(reviewer: Browser, review: FakeReview) -> None:
    page = reviewer.get(PAGE).text
    assert form(page)["id"] == "answer-1"
    (asked,) = review.requests
    assert dict(asked.url.params) == {
        "uid": "uid-of-lawn",
        "by": "ada",
        "share": "sample",
        "people": "1",
        "limit": "50",
        "before": "",
    }
    assert form(reviewer.get(f"{PAGE}?share=uncertain").text)["id"] == "answer-3"


def test_it_shows_the_answer_and_all_labels(reviewer: Browser) -> None:
    page = reviewer.get(PAGE).text
    assert '<b id="answered">dandelion</b>' in page
    assert "73.1 %" in page
    for label in ("daisy", "dandelion", "grass"):
        assert f'value="label:{label}"' in page
    assert f'src="{IMAGE}"' in page


def test_of_many_classes_the_likeliest_have_buttons_and_all_are_in_a_list(
    reviewer: Browser, review: FakeReview
) -> None:
    classes = [f"class {number}" for number in range(200)]
    review.items["sample"] = [waiting(1, classes=classes, likely=classes[7:9])]
    page = reviewer.get(PAGE).text
    assert re.findall(r'name="choice" value="label:([^"]+)"', page) == ["class 7", "class 8"]
    assert "<option>class 199</option>" in page


@pytest.mark.parametrize(
    ("choice", "label"),
    [({"choice": "right"}, "dandelion"), ({"choice": "label:grass"}, "grass"),
     ({"choice": "reject"}, None)],
)  # fmt: skip
def test_a_decision_bears_the_name_of_the_session(
    reviewer: Browser, review: FakeReview, choice: dict[str, str], label: str | None
) -> None:
    sent = form(reviewer.get(PAGE).text) | choice | {"by": "eve", "person": "eve"}
    done = reviewer.post(PAGE, sent, headers=_same_site() | {"X-Forwarded-User": "eve"})
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?share=sample")
    (kept,) = review.decisions
    assert kept == {
        "uid": "uid-of-lawn",
        "by": "ada",
        "people": 1,
        "decisions": [
            {
                "id": "answer-1",
                "index": 0,
                "image": f"{1:064x}",
                "where": "date=2026-03-10/hour=10/pod-1.jsonl.gz",
                "source": "sample",
                "label": label,
            }
        ],
    }


def _same_site() -> dict[str, str]:
    return {"sec-fetch-site": "same-origin", "origin": "http://console.example.com"}


def test_a_script_is_answered_in_its_own_way(reviewer: Browser, review: FakeReview) -> None:
    sent = form(reviewer.get(PAGE).text) | {"choice": "right"}
    answer = reviewer.post(PAGE, sent, headers=_same_site() | JSON)
    assert answer.json() == {"decided": 1, "voted": 0, "known": 0}
    review.refusal = httpx.Response(409, json={"message": "load the page again"})
    answer = reviewer.post(PAGE, sent, headers=_same_site() | JSON)
    assert (answer.status_code, answer.json()) == (409, {"message": "load the page again"})


def test_several_people_where_agreement_is_asked_for(
    reviewer: Browser, review: FakeReview, cluster: FakeCluster
) -> None:
    cluster.add(model(spec={"feedback": {"mode": "Auto", "minAgreement": 2}}))
    review.items["sample"] = [waiting(1, people=1)]
    page = reviewer.get(PAGE).text
    assert "An image takes 2 people who say the same" in page
    assert "1 of 2 people so far" in page
    reviewer.post(PAGE, form(page) | {"choice": "right"})
    assert review.decisions[0]["people"] == 2


@pytest.mark.parametrize("who", ["viewer", "editor", "guest"])
def test_who_may_not_review_gets_nothing(
    cluster: FakeCluster, review: FakeReview, tmp_path: Path, who: str
) -> None:
    browser = Browser(app(cluster, tmp_path, review=review))
    browser.log_in(f"token-of-{who}")
    sent = {"uid": "uid-of-lawn", "choice": "right"}
    for answer in (browser.get(PAGE), browser.get(IMAGE), browser.post(PAGE, sent)):
        assert answer.status_code == 403
        assert f"{who} may not review lawn in team" in answer.text
    assert not review.requests


def test_nobody_reviews_without_a_login(
    cluster: FakeCluster, review: FakeReview, tmp_path: Path
) -> None:
    browser = Browser(app(cluster, tmp_path, review=review))
    for answer in (browser.get(PAGE), browser.get(IMAGE), browser.post(PAGE, {"choice": "right"})):
        assert answer.status_code == 401
    assert not review.requests


def test_another_sites_form_decides_nothing(reviewer: Browser, review: FakeReview) -> None:
    sent = form(reviewer.get(PAGE).text) | {"choice": "right"}
    answer = reviewer.post(PAGE, sent, headers={"origin": "https://evil.example.com"})
    assert answer.status_code == 403
    assert not review.decisions


def test_one_that_was_made_anew_meanwhile_is_left_alone(
    reviewer: Browser, review: FakeReview, cluster: FakeCluster
) -> None:
    sent = form(reviewer.get(PAGE).text) | {"choice": "right"}
    cluster.models["team", "lawn"]["metadata"]["uid"] = "another"
    assert reviewer.post(PAGE, sent).status_code == 409
    assert not review.decisions


@pytest.mark.parametrize(
    "spec", [{}, {"feedback": {"mode": "Review"}, "storage": {"secretRef": {"name": "mine"}}}]
)
def test_what_cannot_be_reviewed_here_is_told_and_not_asked(
    reviewer: Browser, review: FakeReview, cluster: FakeCluster, spec: dict[str, Any]
) -> None:
    cluster.add(model(spec=spec))
    page = html.unescape(reviewer.get(PAGE).text)
    assert "spec." in page
    assert "<form class=" not in page.partition("<main")[2]
    sent = {"uid": "uid-of-lawn", "choice": "right"}
    assert reviewer.post(PAGE, sent).status_code == 409
    assert not review.requests


@pytest.mark.parametrize(
    "change",
    [{"choice": ""}, {"choice": "other"}, {"index": "x"}, {"index": ""}],
)
def test_a_form_of_another_make_is_refused(
    reviewer: Browser, review: FakeReview, change: dict[str, str]
) -> None:
    sent = form(reviewer.get(PAGE).text) | {"choice": "right"} | change
    assert reviewer.post(PAGE, sent).status_code == 400
    assert not review.decisions


def test_an_image_comes_through_the_console_alone(reviewer: Browser, review: FakeReview) -> None:
    answer = reviewer.get(IMAGE)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert answer.headers["cache-control"] == "no-store"
    assert reviewer.get(f"{PAGE}/images/..%2f..%2fdecisions").status_code == 404


def test_an_image_that_the_browser_failed_at_is_asked_for_as_a_model_sees_it(
    reviewer: Browser, review: FakeReview
) -> None:
    reviewer.get(IMAGE)
    reviewer.get(f"{IMAGE}?rendered=true")
    assert [request.url.query for request in review.requests] == [b"", b"rendered=true"]


def test_what_is_no_image_is_not_passed_on(reviewer: Browser, review: FakeReview) -> None:
    for media_type in ("text/html", "image/svg+xml", "image/tiff"):
        review.media_type = media_type
        assert reviewer.get(IMAGE).status_code == 502


@pytest.mark.parametrize(
    ("refusal", "status", "said"),
    [
        (httpx.ConnectError("no"), 503, "does not answer (ConnectError)"),
        (httpx.Response(503, json={"message": "storage is away"}), 503, "storage is away"),
        (httpx.Response(401, json={"message": "no"}), 503, "does not know this console"),
        (httpx.Response(200, text="<html>"), 502, "no review service of this release"),
    ],
)
def test_a_service_that_fails_is_told(
    reviewer: Browser, review: FakeReview, refusal: Any, status: int, said: str
) -> None:
    review.refusal = refusal
    page = reviewer.get(PAGE)
    assert page.status_code == status
    assert said in html.unescape(page.text)


def test_without_a_service_it_says_so(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.add(model(spec={"feedback": {"mode": "Review"}}))
    cluster.let("ada", "get", "create review")
    browser = Browser(app(cluster, tmp_path))
    browser.log_in("token-of-ada")
    assert "has no review service" in browser.get(PAGE).text
    assert PAGE not in browser.get(MODEL).text


def test_the_models_page_leads_there_who_may(
    reviewer: Browser, viewer: Browser, cluster: FakeCluster
) -> None:
    assert f'href="{PAGE}"' in reviewer.get(MODEL).text
    assert PAGE not in viewer.get(MODEL).text


def test_what_labels_say_is_text(reviewer: Browser, review: FakeReview) -> None:
    hostile = '"><script>alert(1)</script>'
    review.items["sample"] = [waiting(1, label=hostile, classes=[hostile], told=hostile)]
    page = reviewer.get(PAGE).text
    assert "<script>alert" not in page
    items = re.search(r'data-items="([^"]*)"', page)
    assert items is not None
    assert json.loads(html.unescape(items[1]))[0]["label"] == hostile


def test_an_hour_that_is_none_is_no_address(reviewer: Browser, review: FakeReview) -> None:
    assert reviewer.get(f"{PAGE}?before=2026-03-10T12").status_code == 200
    assert reviewer.get(f"{PAGE}?before=yesterday").status_code == 404
    assert [request.url.params["before"] for request in review.requests] == ["2026-03-10T12"]
