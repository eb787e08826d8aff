"""Neither a header that names somebody nor a form of another origin gets anything."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

import httpx
import pytest

from tests.api.server import ADMIN_TOKEN
from tests.console.house import House
from tests.console.who_may.table import MODEL, POSTS, TABLE, Route, ask, title

FORGED = {
    "Authorization": f"Bearer {ADMIN_TOKEN}",
    "Impersonate-User": "system:admin",
    "Impersonate-Group": "system:masters",
    "X-Remote-User": "system:admin",
    "X-Remote-Group": "system:masters",
    "X-Forwarded-User": "system:admin",
    "X-Forwarded-Email": "ada@example.com",
    "X-Forwarded-Groups": "oidc:heads",
    "X-Forwarded-Access-Token": ADMIN_TOKEN,
    "X-Auth-Request-User": "system:admin",
}


@pytest.mark.parametrize("header", FORGED)
def test_no_header_names_anybody(
    house: House, visitors: dict[str, httpx.Client], header: str
) -> None:
    forged = {header: FORGED[header]}
    with closing(house.console.browser()) as nobody, house.untouched():
        for route in TABLE:
            answer = ask(house, nobody, route, forged)
            assert answer.status_code == 401, (route, answer.text)
            answer = ask(house, visitors["stranger"], route, forged)
            assert answer.status_code == 403, (route, answer.text)


ELSEWHERE: dict[str, Mapping[str, str]] = {
    "another site": {"Origin": "https://evil.example.com"},
    "another port of the host": {"Origin": "http://127.0.0.1:9"},
    "a page without an origin": {"Origin": "null"},
    "a browser that says cross-site": {"Sec-Fetch-Site": "cross-site"},
    "a browser that says same-site": {"Sec-Fetch-Site": "same-site"},
    "an address typed by hand": {"Sec-Fetch-Site": "none"},
}


@pytest.mark.parametrize("route", POSTS, ids=title)
def test_a_form_of_another_origin_does_nothing(
    house: House, visitors: dict[str, httpx.Client], route: Route
) -> None:
    """Even if a browser sent the cookie along."""
    browser = visitors["administrator"]
    with house.untouched():
        for case, headers in ELSEWHERE.items():
            answer = ask(house, browser, route, headers)
            assert answer.status_code == 403, case
            assert "does not come from a page of this console" in answer.text, case
            assert "set-cookie" not in answer.headers, case
    assert ask(house, browser, ("GET", MODEL)).status_code == 200
