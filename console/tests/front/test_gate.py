"""Who may send what changes something, and what a browser is held to."""

from __future__ import annotations

import itertools

import pytest
from fakes.cluster import FakeCluster
from given.browser import CONSOLE, SAME_SITE, Browser

FORM = {"token": "token-of-viewer", "next": "/"}
FOREIGN = {
    "another site's form": {"sec-fetch-site": "cross-site", "origin": "https://evil.example.com"},
    "a sister site's form": {"sec-fetch-site": "same-site", "origin": "http://b.example.com"},
    "another site's form without Sec-Fetch-Site": {"origin": "https://evil.example.com"},
    "a name that begins alike": {"origin": f"{CONSOLE}.evil.example.com"},
    "another port": {"origin": f"{CONSOLE}:8080"},
    "a page without an origin": {"origin": "null"},
    "another origin that claims to be this site": {
        "sec-fetch-site": "same-origin",
        "origin": "https://evil.example.com",
    },
    "an origin that is none": {"sec-fetch-site": "same-origin", "origin": "http://["},
    "nobody says from where": {},
}


@pytest.mark.parametrize(
    ("case", "path"), list(itertools.product(FOREIGN, ["/login", "/logout", "/anything"]))
)
def test_what_does_not_come_from_this_site_is_refused_before_it_is_read(
    viewer: Browser, cluster: FakeCluster, case: str, path: str
) -> None:
    before = len(cluster.requests)
    answer = viewer.post(path, FORM, FOREIGN[case])
    assert answer.status_code == 403
    assert "does not come from a page of this console" in answer.text
    assert len(cluster.requests) == before
    assert viewer.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [SAME_SITE, {"sec-fetch-site": "same-origin"}, {"origin": CONSOLE}],
    ids=["both", "Sec-Fetch-Site alone", "Origin alone, as without https"],
)
def test_the_sites_own_forms_are_taken(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.post("/login", FORM, headers).status_code == 303


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_not_known(viewer: Browser, method: str) -> None:
    answer = viewer.send(method, "/", headers=SAME_SITE)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


FORGED = {
    "x-forwarded-user": "editor",
    "x-remote-user": "editor",
    "x-auth-request-user": "editor",
    "impersonate-user": "editor",
    "impersonate-group": "system:masters",
    "authorization": "Bearer token-of-editor",
}


def test_no_header_names_anybody(browser: Browser, cluster: FakeCluster) -> None:
    assert browser.get("/", FORGED).status_code == 401
    assert not cluster.requests


def test_no_header_of_a_browser_is_passed_on(viewer: Browser, cluster: FakeCluster) -> None:
    cluster.requests.clear()
    assert viewer.get("/", FORGED | {"cookie-two": "a=b"}).status_code == 200
    for request in cluster.requests:
        assert request.headers["authorization"] == "Bearer token-of-viewer"
        assert "cookie" not in request.headers
        assert not {name for name in request.headers if name.startswith(("x-", "impersonate-"))}


@pytest.mark.parametrize("path", ["/", "/login", "/static/style.css", "/nowhere", "/healthz"])
def test_every_answer_holds_the_browser_to_this_site(viewer: Browser, path: str) -> None:
    headers = viewer.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    for allowed in ("script-src 'self'", "form-action 'self'", "frame-ancestors 'none'"):
        assert allowed in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_no_cache_keeps_a_page(viewer: Browser) -> None:
    for path in ("/", "/login", "/nowhere"):
        assert viewer.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"token=" + b"&a=b" * 30, "application/x-www-form-urlencoded", 400),
        (b"token=%ff", "application/x-www-form-urlencoded", 400),
        (b'{"token": "x"}', "application/json", 415),
        (b"token=x", "text/plain", 415),
    ],
)
def test_what_is_no_form_of_these_pages_is_refused(
    browser: Browser, body: bytes, media_type: str, status: int
) -> None:
    headers = SAME_SITE | {"content-type": media_type}
    answer = browser.send("POST", "/login", content=body, headers=headers)
    assert answer.status_code == status


def test_static_files_are_asked_for_again_and_not_sent_again(browser: Browser) -> None:
    first = browser.get("/static/style.css")
    again = browser.get("/static/style.css", {"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
