"""Browsers log in to MLflow with a token, which counts for MLflow's own pages alone."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.mlflow.server import API, Mlflow

TEAM = "glasshouse"
LOGIN = "/dandelion/login"
COOKIE = "dandelion-mlflow-token"
MODELS = f"{API}/registered-models/search"
HTML = {"Accept": "text/html"}
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def token(mlflow: Mlflow) -> str:
    mlflow.api.kubectl("create", "namespace", TEAM)
    return mlflow.account(f"{TEAM}:viewer", "dandelion-mlflow-view")


@pytest.fixture
def host(mlflow: Mlflow) -> str:
    """As a browser has it that a port-forward is for."""
    return f"mlflow.localhost:{urlsplit(mlflow.url).port}"


@pytest.fixture
def browser(mlflow: Mlflow, host: str) -> Iterator[httpx.Client]:
    headers = {"Host": host, "X-MLFLOW-WORKSPACE": TEAM}
    with httpx.Client(base_url=mlflow.url, headers=headers, trust_env=False, timeout=60) as found:
        yield found


def log_in(browser: httpx.Client, token: str, **headers: str) -> httpx.Response:
    return browser.post(LOGIN, data={"token": token}, headers=headers or OWN)


def test_a_pasted_token_opens_the_pages(browser: httpx.Client, token: str) -> None:
    sent = browser.get("/", headers=HTML)
    assert (sent.status_code, sent.headers["Location"]) == (303, LOGIN)
    assert "mlflow.dandelion.dev" in browser.get(LOGIN).text
    assert browser.get(MODELS, headers=OWN).status_code == httpx.codes.UNAUTHORIZED
    answer = log_in(browser, f"  {token[:40]}\n{token[40:]} ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert browser.get("/", headers=HTML).status_code == httpx.codes.OK
    assert browser.get(MODELS, headers=OWN).status_code == httpx.codes.OK
    assert browser.post(LOGIN, data={"leave": "true"}, headers=OWN).status_code == 303
    assert browser.get(MODELS, headers=OWN).status_code == httpx.codes.UNAUTHORIZED


def test_no_script_and_no_other_site_gets_the_cookie(browser: httpx.Client, token: str) -> None:
    cookie = log_in(browser, token).headers["Set-Cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "domain=" not in cookie
    behind_tls = log_in(browser, token, **OWN, **{"X-Forwarded-Proto": "https"})
    assert "secure" in behind_tls.headers["Set-Cookie"].lower()


FROM_ELSEWHERE = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "another name of the same site": {"Sec-Fetch-Site": "same-site"},
    "an older browser": {"Origin": "http://localhost:8080"},
    "a page without an origin": {"Origin": "null"},
}


@pytest.mark.parametrize("where", FROM_ELSEWHERE)
def test_what_another_page_has_a_browser_send_is_nobodys(
    browser: httpx.Client, token: str, where: str
) -> None:
    log_in(browser, token)
    assert COOKIE in browser.cookies
    forged = browser.get(MODELS, headers=FROM_ELSEWHERE[where])
    assert forged.status_code == httpx.codes.UNAUTHORIZED
    assert log_in(browser, token, **FROM_ELSEWHERE[where]).status_code == httpx.codes.FORBIDDEN


def test_a_page_of_its_own_may_write(browser: httpx.Client, token: str, host: str) -> None:
    """What a viewer may not, RBAC says; without the cookie it would be nobody's."""
    log_in(browser, token)
    body = {"name": f"{TEAM}.new"}
    own = {"Origin": f"http://{host}"}
    answer = browser.post(f"{API}/registered-models/create", json=body, headers=own)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "Permission denied" in answer.text


@pytest.mark.parametrize(
    ("pasted", "status", "words"),
    [
        pytest.param("", 400, "Paste a token", id="nothing"),
        pytest.param("eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjF9.c2ln", 401, "no such token", id="invented"),
        pytest.param("x" * 5000, 400, "Paste a token", id="longer than a cookie"),
        pytest.param("x" * 50000, 400, "longer than a token", id="a book"),
    ],
)
def test_what_is_no_token_is_not_kept(
    browser: httpx.Client, pasted: str, status: int, words: str
) -> None:
    answer = log_in(browser, pasted)
    assert answer.status_code == status
    assert words in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_token_for_the_api_server_is_not_kept(mlflow: Mlflow, browser: httpx.Client) -> None:
    mlflow.api.kubectl("create", "serviceaccount", "broad", "-n", TEAM)
    answer = log_in(browser, mlflow.token(f"{TEAM}:broad", audience=""))
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("shared", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("path", ["/", LOGIN])
def test_a_name_that_other_ports_share_is_left(
    mlflow: Mlflow, host: str, shared: str, path: str
) -> None:
    port = urlsplit(mlflow.url).port
    headers = HTML | {"Host": f"{shared}:{port}"}
    with httpx.Client(base_url=mlflow.url, trust_env=False, timeout=60, headers=headers) as client:
        answer = client.get(path)
        posted = client.post(LOGIN, data={"token": "a"})
    assert answer.headers["Location"] == f"http://{host}{LOGIN}"
    assert "Set-Cookie" not in posted.headers


def test_a_cookie_that_is_no_longer_good_leads_to_the_login(browser: httpx.Client) -> None:
    browser.cookies.set(COOKIE, "ended")
    sent = browser.get("/", headers=HTML)
    assert (sent.status_code, sent.headers["Location"]) == (303, LOGIN)
