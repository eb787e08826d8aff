"""Every address of the console, by everybody and every other way in: who may, and that nobody else
gets anything, over real HTTP.

The tables are held to the routes that the console has: one without a row fails.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from dandelion_console.cluster.api import ApiServer as ConsolesApiServer
from dandelion_console.front.app import create_app
from dandelion_console.ports.oidc import Oidc
from dandelion_console.ports.session import Person
from dandelion_console.ports.settings import Settings
from dandelion_console.provider.login import Provider
from dandelion_console.views.actions import ACTIONS
from fastapi import FastAPI
from fastapi.routing import APIRoute

from tests.api.server import ADMIN_TOKEN
from tests.console.doors import Door
from tests.console.house import OURS, THEIRS, House, Place, account, standing
from tests.console.served import TEAM, Console
from tests.keys.minio import Store
from tests.page.photos import meadow

Route = tuple[str, str]
MODEL = "/namespaces/{namespace}/models/{name}"
REVOKED_SECONDS = 60

# By a token, and by the provider, whose group has the role of an administrator.
SEE = frozenset({"user", "reviewer", "administrator", "oidc:heads"})
REVIEW = SEE - {"user"}
ACT = frozenset({"administrator", "oidc:heads"})
PEOPLE = (*sorted(SEE), "stranger")


@dataclass(frozen=True)
class Row:
    """Who may, how that is answered, and what a request sends besides."""

    may: frozenset[str]
    done: int = 200
    sends: Callable[[House, Place], Mapping[str, Any]] = lambda house, place: {}


def picture(**query: str) -> Callable[[House, Place], Mapping[str, Any]]:
    kind = {"Content-Type": "image/png"}
    return lambda house, place: {"content": meadow(0), "headers": kind, "params": query}


def form(**more: str) -> Callable[[House, Place], Mapping[str, Any]]:
    return lambda house, place: {"data": house.form(place, **more)}


def told(house: House, place: Place) -> Mapping[str, Any]:
    return {"data": {"id": house.answer, "index": "0", "right": "poppy"}}


def decided(house: House, place: Place) -> Mapping[str, Any]:
    return {"data": house.item | house.form(place) | {"choice": "reject"}}


TABLE: dict[Route, Row] = {
    ("GET", "/"): Row(SEE, sends=lambda house, place: {"params": {"namespace": place.namespace}}),
    ("GET", MODEL): Row(SEE),
    ("GET", f"{MODEL}/predict"): Row(SEE),
    ("POST", f"{MODEL}/predict"): Row(SEE, sends=picture()),
    ("POST", f"{MODEL}/explain"): Row(SEE, sends=picture(label="poppy")),
    ("POST", f"{MODEL}/feedback"): Row(SEE, sends=told),
    ("GET", f"{MODEL}/review"): Row(REVIEW),
    ("POST", f"{MODEL}/review"): Row(REVIEW, 303, decided),
    ("GET", f"{MODEL}/review/images/{{sha256}}"): Row(REVIEW),
    ("GET", f"{MODEL}/train"): Row(ACT),
    ("POST", f"{MODEL}/train"): Row(ACT, 303, form()),
    ("GET", f"{MODEL}/ingest"): Row(ACT),
    ("POST", f"{MODEL}/ingest"): Row(ACT, 303, form()),
    ("GET", f"{MODEL}/promote"): Row(ACT),
    ("POST", f"{MODEL}/promote"): Row(ACT, 303, form(version="4")),
    ("GET", f"{MODEL}/rollback"): Row(ACT),
    ("POST", f"{MODEL}/rollback"): Row(ACT, 303, form(version="2")),
    ("GET", f"{MODEL}/pause"): Row(ACT),
    ("POST", f"{MODEL}/pause"): Row(ACT, 303, form()),
    ("GET", f"{MODEL}/resume"): Row(ACT),
    ("POST", f"{MODEL}/resume"): Row(ACT, 303, form()),
}
# What is for people who are nobody yet, and how it answers them.
OPEN: dict[Route, int] = {
    ("GET", "/login"): 200,
    ("POST", "/login"): 401,
    ("POST", "/logout"): 303,
    ("GET", "/login/oidc"): 303,
    ("GET", "/login/oidc/return"): 200,
    ("GET", "/static/{file}"): 200,
    ("GET", "/healthz"): 200,
    ("GET", "/readyz"): 200,
}
POSTS = [route for route in (*TABLE, *OPEN) if route[0] == "POST"]


def title(route: Route) -> str:
    return " ".join(route).replace(MODEL, "MODEL")


def routes() -> Iterator[Route]:
    """Those of the app, with each action and no file by its name."""
    settings = Settings.model_validate({"KUBERNETES_SERVICE_HOST": "127.0.0.1"})
    oidc = Oidc(issuer="https://sso.example.com", client_id="console")
    nowhere = httpx.AsyncClient(trust_env=False)
    gate = create_app(
        *(settings, ConsolesApiServer(nowhere), nowhere),
        provider=Provider(oidc, nowhere, time.time),
    )
    app = gate._app
    assert isinstance(app, FastAPI)
    for route in app.routes:
        assert isinstance(route, APIRoute), f"{route} is reached by no row of these tables"
        path = "/static/{file}" if route.path.startswith("/static/") else route.path
        for method in route.methods or ():
            for action in ACTIONS:
                yield method, path.replace("{name_of_action}", action)


def test_every_route_has_a_row() -> None:
    assert set(routes()) == TABLE.keys() | OPEN.keys()


@pytest.fixture(scope="module")
def house(
    doors: dict[str, Door], store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with standing(doors, store, tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture(scope="module")
def visitors(house: House) -> Iterator[dict[str, httpx.Client]]:
    there = {person: house.by(person) for person in PEOPLE}
    yield there
    for browser in there.values():
        browser.close()


@pytest.fixture(autouse=True)
def models(request: pytest.FixtureRequest) -> None:
    """In place of those before the other consoles."""
    if "house" in request.fixturenames:
        found: House = request.getfixturevalue("house")
        found.reset(suspend="resume" in request.node.name)


def ask(
    house: House,
    browser: httpx.Client,
    route: Route,
    headers: Mapping[str, str] | None = None,
    place: Place = OURS,
) -> httpx.Response:
    method, path = route
    names = {"sha256": house.item["image"], "file": "style.css"}
    address = path.format(namespace=place.namespace, name=place.name, **names)
    sent = dict(TABLE[route].sends(house, place)) if route in TABLE else {"data": {"token": "x"}}
    if method == "GET":
        sent.pop("data", None)
    sent["headers"] = {**sent.get("headers", {}), **(headers or {})}
    return browser.request(method, address, **sent)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("route", TABLE, ids=title)
def test_who_may_is_answered_and_who_may_not_gets_nothing(
    house: House, visitors: dict[str, httpx.Client], route: Route, person: str
) -> None:
    row, browser = TABLE[route], visitors[person]
    if person not in row.may:
        with house.untouched():
            answer = ask(house, browser, route)
        assert answer.status_code == 403, answer.text
        return
    before = house.state()
    answer = ask(house, browser, route)
    assert answer.status_code == row.done, answer.text
    if row.may == ACT and route[0] == "POST":
        assert house.state() != before


@pytest.mark.parametrize("person", sorted(ACT))
def test_an_administrator_of_one_namespace_is_nobody_in_another(
    house: House, visitors: dict[str, httpx.Client], person: str
) -> None:
    with house.untouched():
        for route in TABLE:
            answer = ask(house, visitors[person], route, place=THEIRS)
            assert answer.status_code == 403, (route, answer.text)
            assert "GateFailed" not in answer.text, route


def signed_otherwise(token: str) -> str:
    header, payload, signature = token.split(".")
    return f"{header}.{payload}.{signature[::-1]}"


def owners(house: House, *options: str) -> Person:
    """Who may do everything there."""
    name = f"system:serviceaccount:{TEAM}:administrator"
    return Person(name, house.console.token("administrator", *options))


def with_token(token: str) -> Person:
    return Person("administrator", token)


def head(until: float) -> Person:
    return Person("oidc:ada@example.com", None, ("oidc:heads",), until)


def foreign_key(folder: Path) -> Path:
    key = folder / "key"
    key.write_bytes(Fernet.generate_key())
    return key


# Sessions made by hand, as the console would make them or nearly so: no login is asked again.
CREDENTIALS: dict[str, Callable[[House, Path], httpx.Client]] = {
    "none": lambda house, folder: house.console.browser(),
    "an invented session": lambda house, folder: house.with_session("gAAAAABinvented"),
    "a token for a session": lambda house, folder: house.with_session(
        house.console.token("administrator")
    ),
    "a session of another key": lambda house, folder: house.sealed(
        owners(house), key=foreign_key(folder)
    ),
    "a session that is over": lambda house, folder: house.sealed(owners(house), age=3700),
    "a token that has expired": lambda house, folder: house.sealed(
        with_token(house.console.expired("administrator"))
    ),
    "a token for another audience": lambda house, folder: house.sealed(
        owners(house, "--audience=dandelion.dev")
    ),
    "a token with another signature": lambda house, folder: house.sealed(
        with_token(signed_otherwise(house.console.token("administrator")))
    ),
    "the provider's token": lambda house, folder: house.sealed(
        with_token(house.door.provider.sign(sub="1", email="ada@example.com", groups=["heads"]))
    ),
    "a login by the provider that has ended": lambda house, folder: house.sealed(
        head(until=time.time() - 1)
    ),
}


@pytest.mark.parametrize("case", CREDENTIALS)
def test_nothing_but_a_good_login_opens_any_of_them(
    house: House, tmp_path: Path, case: str
) -> None:
    with closing(CREDENTIALS[case](house, tmp_path)) as browser, house.untouched():
        for route in TABLE:
            cookies = dict(browser.cookies)
            answer = ask(house, browser, route)
            assert answer.status_code == 401, (route, answer.text)
            assert "GateFailed" not in answer.text, route
            # A session that has ended is taken away; the next route is to be asked with it all the
            # same.
            browser.cookies.update(cookies)


@pytest.mark.parametrize(
    "person", [owners, lambda house: head(until=time.time() + 600)], ids=["token", "provider"]
)
def test_a_session_made_so_by_hand_would_be_good(
    house: House, person: Callable[[House], Person]
) -> None:
    """Without which the refusals above would say nothing."""
    with closing(house.sealed(person(house))) as browser:
        assert ask(house, browser, ("GET", MODEL)).status_code == 200


@pytest.mark.parametrize("route", OPEN, ids=title)
def test_what_is_open_to_everybody_shows_nothing(house: House, route: Route) -> None:
    with closing(house.console.browser()) as browser, house.untouched():
        answer = ask(house, browser, route)
    assert answer.status_code == OPEN[route], answer.text
    for word in (OURS.name, THEIRS.name, "GateFailed"):
        assert word not in answer.text


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


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_no_other_method_is_known(
    house: House, visitors: dict[str, httpx.Client], method: str
) -> None:
    with house.untouched():
        for _, path in TABLE:
            answer = ask(house, visitors["administrator"], (method, path))
            assert answer.status_code == 405, path


def bound_to(console: Console, secret: str, person: str) -> str:
    console.api.kubectl("create", "secret", "generic", secret, "--from-literal=a=b", "-n", TEAM)
    bound = ("--bound-object-kind=Secret", f"--bound-object-name={secret}")
    return console.token(person, *bound)


REVOKED: dict[str, tuple[str, int]] = {
    "the right": ("rolebinding", 403),
    "the account": ("serviceaccount", 401),
    "the object that the token is bound to": ("secret", 401),
}
NUMBERS = itertools.count()


@pytest.mark.parametrize("what", REVOKED)
def test_what_is_revoked_is_felt_within_a_minute_everywhere(house: House, what: str) -> None:
    kind, status = REVOKED[what]
    console, name = house.console, f"leaving-{next(NUMBERS)}"
    account(console.api, name)
    with closing(console.browser()) as browser:
        token = bound_to(console, name, name)
        assert browser.post("/login", data={"token": token}).status_code == 303
        session = dict(browser.cookies)
        for route in TABLE:
            assert ask(house, browser, route).status_code == TABLE[route].done, route
        house.reset()
        console.api.kubectl("delete", kind, name, "-n", TEAM)
        deadline = time.monotonic() + REVOKED_SECONDS
        while ask(house, browser, ("GET", MODEL)).status_code == 200:
            assert time.monotonic() < deadline, f"{what} is gone, and the login still holds"
            time.sleep(0.5)
        with house.untouched():
            for route in TABLE:
                browser.cookies.update(session)
                answer = ask(house, browser, route)
                assert answer.status_code == status, (route, answer.text)
