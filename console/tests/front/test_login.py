"""Who gets in, how long they stay, and what is left of their token anywhere."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from fakes.cluster import FakeCluster, refusal
from given.browser import SAME_SITE, Browser, app

TOKEN = "token-of-viewer"


def test_without_a_login_every_page_asks_for_one_and_leads_back(browser: Browser) -> None:
    answer = browser.get("/?namespace=team")
    assert answer.status_code == 401
    assert 'name="token"' in answer.text
    assert 'name="next" value="/?namespace=team"' in answer.text


def test_a_token_of_the_cluster_lets_one_in_as_whom_the_api_server_names(browser: Browser) -> None:
    answer = browser.log_in(TOKEN, "/?namespace=team")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?namespace=team")
    assert "viewer" in browser.get("/").text


def test_the_cookie_is_for_this_site_alone_and_for_no_script(browser: Browser) -> None:
    cookie = browser.log_in(TOKEN).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie


def test_behind_https_the_cookie_is_sent_over_https_alone(browser: Browser) -> None:
    over_https = {"x-forwarded-proto": "https"}
    answer = browser.post("/login", {"token": TOKEN}, SAME_SITE | over_https)
    name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
    assert "Secure" in answer.headers["set-cookie"]
    # Which no sister site can set.
    assert name == "__Host-dandelion-console"
    assert browser.get("/", over_https | {"cookie": f"{name}={value}"}).status_code == 200
    assert (
        browser.get("/", over_https | {"cookie": f"dandelion-console={value}"}).status_code == 401
    )


@pytest.mark.parametrize(
    "token", ["invented", "", "two words", "line\r\nbreak", "naïve", "x" * 9000]
)
def test_any_other_token_is_refused_in_the_same_words(browser: Browser, token: str) -> None:
    answer = browser.log_in(token)
    assert answer.status_code == 401
    assert "is wrong, has expired, or is not meant for the API server" in answer.text
    assert "set-cookie" not in answer.headers
    assert token not in answer.text or not token


def test_the_api_servers_own_words_are_shown(browser: Browser, cluster: FakeCluster) -> None:
    cluster.broken = refusal(401, "Unauthorized", "token <b>expired</b> at noon")
    assert "token &lt;b&gt;expired&lt;/b&gt; at noon" in browser.log_in(TOKEN).text


def test_where_the_api_server_is_away_the_page_says_so(
    browser: Browser, cluster: FakeCluster
) -> None:
    cluster.broken = httpx.ConnectError("refused")
    answer = browser.log_in(TOKEN)
    assert answer.status_code == 503
    assert "The API server does not answer" in answer.text


@pytest.mark.parametrize(
    "onwards",
    ["https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "/a\r\nb", "evil"],
)
def test_after_the_login_nobody_is_led_elsewhere(browser: Browser, onwards: str) -> None:
    assert browser.log_in(TOKEN, onwards).headers["location"] == "/"


def test_when_the_token_has_ended_the_page_asks_to_log_in_again(
    viewer: Browser, cluster: FakeCluster
) -> None:
    cluster.tokens.clear()
    answer = viewer.get("/?namespace=team")
    assert answer.status_code == 401
    assert "Your session has ended, or your token has" in answer.text
    assert 'value="/?namespace=team"' in answer.text
    assert not viewer.cookies


def test_logging_out_clears_the_cookie(viewer: Browser) -> None:
    answer = viewer.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert not viewer.cookies
    assert viewer.get("/").status_code == 401


def test_a_session_outlives_a_restart_and_holds_at_another_replica(
    viewer: Browser, cluster: FakeCluster, tmp_path: Path
) -> None:
    other = Browser(app(cluster, tmp_path))
    other.cookies = viewer.cookies
    assert other.get("/").status_code == 200


def test_another_key_ends_every_session(viewer: Browser, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(Fernet.generate_key())
    assert viewer.get("/").status_code == 401


def test_a_changed_cookie_is_nobodys(viewer: Browser) -> None:
    (cookie,) = viewer.cookies.jar
    assert cookie.value is not None
    cookie.value = cookie.value[:40] + ("A" if cookie.value[40] != "A" else "B") + cookie.value[41:]
    assert viewer.get("/").status_code == 401


def test_without_a_key_the_page_says_that_nobody_can_log_in(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("too short")
    assert browser.get("/readyz").status_code == 503
    assert browser.get("/healthz").status_code == 200
    answer = browser.log_in(TOKEN)
    assert answer.status_code == 503
    assert "too short" not in answer.text


def test_a_token_is_in_no_page_and_in_no_line_of_the_log(
    viewer: Browser, cluster: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = [viewer.get("/").text, viewer.get("/?namespace=team").text, viewer.get("/nowhere").text]
    viewer.log_in(TOKEN + "=wrong")
    cluster.broken = httpx.ReadError("broken off")
    pages.append(viewer.get("/").text)
    printed = capsys.readouterr()
    assert "login refused" in printed.out
    for text in (*pages, printed.out, printed.err):
        assert not re.search(TOKEN, text)


def test_a_link_from_another_site_finds_the_login_again(viewer: Browser) -> None:
    """The browser keeps the cookie back at first, since another site leads here."""
    from_elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    stranger = Browser(viewer._app)
    arriving = stranger.get("/?namespace=team", from_elsewhere)
    assert arriving.status_code == 200
    assert '<meta http-equiv="refresh" content="0">' in arriving.text
    again = stranger.get("/?namespace=team", {"sec-fetch-site": "same-origin"})
    assert again.status_code == 401
