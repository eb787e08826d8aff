"""Who comes in through an OpenID Connect provider, and who does not."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.console.doors import BEGIN, PERSON, Door
from tests.console.provider import CLIENT, SECRET
from tests.console.served import OTHER, TEAM
from tests.page.visit import visiting

MODEL = f"/namespaces/{TEAM}/models/lawn"
FOREIGN = f"/namespaces/{OTHER}/models/apples"
BACK = "/login/oidc/return"
REVOKED_SECONDS = 60


@pytest.fixture(autouse=True)
def models(oidc_models: None) -> None:
    """In place of those before the other console."""


def test_a_person_comes_in_under_the_clusters_name_for_them(door: Door) -> None:
    with closing(door.logged_in("gardeners")) as browser:
        page = browser.get(f"/?namespace={TEAM}")
        assert "oidc:ada@example.com" in page.text
        assert "lawn" in page.text


def test_the_login_leads_to_the_page_that_was_wanted_and_nowhere_else(door: Door) -> None:
    # Longer than the cookie of a login under way can hold, whatever packs it.
    endless = f"/{secrets.token_urlsafe(6000)}"
    cases = ((MODEL, MODEL), ("https://evil.example.com/", "/"), ("//evil", "/"), (endless, "/"))
    for onwards, wanted in cases:
        with closing(door.console.browser()) as browser:
            door.provider.next(**PERSON)
            assert browser.get(door.begin(browser, onwards)).headers["location"] == wanted


FORGED_CLAIMS: dict[str, tuple[dict[str, Any], int, str]] = {
    "another issuer": ({"iss": "https://evil.example.com"}, 401, "was not accepted"),
    "another audience": ({"aud": "vault"}, 401, "was not accepted"),
    "several audiences, and another party": ({"aud": [CLIENT, "vault"], "azp": "vault"}, 401, ""),
    "several audiences, and no party": ({"aud": [CLIENT, "vault"]}, 401, "was not accepted"),
    "one that has ended": ({"exp": 1_700_000_000}, 401, "was not accepted"),
    "one that is not valid yet": ({"nbf": 4_000_000_000}, 401, "was not accepted"),
    "another login's nonce": ({"nonce": "of-another-login"}, 401, "was not accepted"),
    "no nonce": ({"nonce": None}, 401, "was not accepted"),
    "no name": ({"email": None}, 403, "does not say who you are"),
    "an address that was not verified": ({"email_verified": False}, 403, "who you are"),
    "groups that are no list": ({"groups": {"a": "b"}}, 403, "is no list of names"),
}


@pytest.mark.parametrize("case", FORGED_CLAIMS)
def test_an_id_token_that_is_not_for_this_login_lets_nobody_in(door: Door, case: str) -> None:
    claims, status, word = FORGED_CLAIMS[case]
    with closing(door.console.browser()) as browser:
        answer = door.log_in(browser, **claims)
        assert answer.status_code == status, answer.text
        assert word in answer.text
        assert browser.get(f"/?namespace={TEAM}").status_code == 401


def other_state(path: str) -> str:
    return path.replace("state=", "state=x")


def no_state(path: str) -> str:
    return path.replace("state=", "stat=")


@pytest.mark.parametrize("forged", [other_state, no_state])
def test_a_way_back_with_another_state_is_not_taken(
    door: Door, forged: Callable[[str], str]
) -> None:
    with closing(door.console.browser()) as browser:
        door.provider.next(**PERSON)
        back = forged(door.begin(browser))
        answer = browser.get(back)
        assert answer.status_code == 400
        assert "was not begun in this browser" in answer.text
        assert browser.get("/").status_code == 401


def test_nobody_is_logged_in_as_somebody_else_by_a_link(door: Door) -> None:
    """The way back of one person, opened by another: once asked for again, and then refused."""
    with closing(door.console.browser()) as one, closing(door.console.browser()) as other:
        door.provider.next(**PERSON)
        back = door.begin(one)
        arriving = other.get(back)
        assert 'http-equiv="refresh"' in arriving.text
        assert other.get(f"{back}&again=1").status_code == 400
        assert other.get("/").status_code == 401


def test_a_code_is_worth_nothing_to_another_login(door: Door) -> None:
    """Which has another verifier (PKCE)."""
    with closing(door.console.browser()) as one, closing(door.console.browser()) as other:
        door.provider.next(**PERSON)
        code = parse_qs(urlsplit(door.begin(one)).query)["code"][0]
        door.provider.next(**PERSON | {"email": "eve@example.com"})
        state = parse_qs(urlsplit(door.begin(other)).query)["state"][0]
        answer = other.get(BACK, params={"code": code, "state": state})
        assert answer.status_code == 401


def test_a_code_is_good_for_once(door: Door) -> None:
    with closing(door.console.browser()) as browser:
        door.provider.next(**PERSON)
        back = door.begin(browser)
        kept = dict(browser.cookies)
        assert browser.get(back).status_code == 303
        assert "dandelion-console-login" not in browser.cookies
        browser.cookies.clear()
        browser.cookies.update(kept)
        assert browser.get(back).status_code == 401
        assert "dandelion-console" not in browser.cookies


def test_what_the_provider_refuses_is_told(door: Door) -> None:
    with closing(door.console.browser()) as browser:
        state = parse_qs(urlsplit(browser.get(BEGIN).headers["location"]).query)["state"][0]
        said = {"error": "access_denied", "error_description": "<b>no</b>", "state": state}
        answer = browser.get(BACK, params=said)
        assert answer.status_code == 403
        assert "&lt;b&gt;no" in answer.text


def test_a_login_under_way_is_no_session_and_a_session_no_login(door: Door) -> None:
    with closing(door.console.browser()) as browser:
        browser.get(BEGIN)
        begun = browser.cookies["dandelion-console-login"]
        browser.cookies.clear()
        browser.cookies.set("dandelion-console", begun)
        assert browser.get("/").status_code == 401
    with closing(door.logged_in()) as browser:
        session = browser.cookies["dandelion-console"]
        browser.cookies.clear()
        browser.cookies.set("dandelion-console-login", session)
        assert browser.get(f"{BACK}?code=a&state=b&again=1").status_code == 400


def test_a_pasted_id_token_is_good_where_the_cluster_takes_it(doors: dict[str, Door]) -> None:
    for name, status in (("known", 303), ("unknown", 401)):
        door = doors[name]
        with closing(door.console.browser()) as browser:
            token = door.provider.sign(**PERSON)
            assert browser.post("/login", data={"token": token}).status_code == status


def test_nothing_secret_is_in_the_log(door: Door) -> None:
    with closing(door.logged_in("gardeners")) as browser:
        browser.get(MODEL)
    with closing(door.console.browser()) as browser:
        door.provider.next(**PERSON)
        back = door.begin(browser)
        browser.get(back)
        browser.get(other_state(back))
        door.log_in(browser, nonce="x")
    code = parse_qs(urlsplit(back).query)["code"][0]
    lines = door.console.log.read_text()
    assert '"login"' in lines
    assert "oidc:ada@example.com" in lines
    for secret in ("eyJ", SECRET, code):
        assert secret not in lines


def test_in_a_browser_the_way_there_and_back(browser: Browser, door: Door) -> None:
    """Another site leads back, so the strict cookies come with the second request only."""
    url = door.console.url.replace("127.0.0.1", "console.localhost")
    door.provider.next(**PERSON, groups=["gardeners"])
    with visiting(browser, url, ignore_https_errors=True) as visit:
        visit.expected = ("401",)
        page = visit.page
        page.goto(url + MODEL)
        page.get_by_role("link", name="Log in with").click()
        expect(page.get_by_role("heading", name="Promoted: False")).to_be_visible()
        assert page.url == url + MODEL
        expect(page.get_by_text("oidc:ada@example.com")).to_be_visible()
        found = page.evaluate("[document.cookie, {...localStorage}, {...sessionStorage}]")
        assert found == ["", {}, {}]
        for cookie in page.context.cookies(url):
            assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("link", name="Log in with")).to_be_visible()
        assert all(item.startswith(door.provider.issuer) for item in visit.elsewhere)
        visit.elsewhere.clear()


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1100, 390]))
)
def test_the_login_looks_as_it_should(
    browser: Browser, doors: dict[str, Door], pictures_folder: Path, scheme: Any, width: int
) -> None:
    size = {"width": width, "height": 700}
    url = doors["known"].console.url
    with visiting(browser, url, color_scheme=scheme, viewport=size) as visit:
        visit.expected = ("401",)
        page = visit.open().page
        expect(page.get_by_role("link", name="Log in with Garden SSO")).to_be_visible()
        page.get_by_text("Or with a token of the cluster").click()
        expect(page.get_by_label("Token of the cluster")).to_be_visible()
        visit.screenshot(pictures_folder, f"console-login-{width}-{scheme}")
