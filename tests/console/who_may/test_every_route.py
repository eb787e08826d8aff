"""Every address of the console, by everybody: who may, and that nobody else gets anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from dandelion_console.cluster.api import ApiServer as ConsolesApiServer
from dandelion_console.front.app import create_app
from dandelion_console.ports.oidc import Oidc
from dandelion_console.ports.settings import Settings
from dandelion_console.provider.login import Provider
from dandelion_console.views.actions import ACTIONS
from fastapi import FastAPI
from fastapi.routing import APIRoute

from tests.console.house import OURS, THEIRS, House
from tests.console.who_may.table import ACT, OPEN, PEOPLE, TABLE, Route, ask, title


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


@pytest.mark.parametrize("route", OPEN, ids=title)
def test_what_is_open_to_everybody_shows_nothing(house: House, route: Route) -> None:
    with closing(house.console.browser()) as browser, house.untouched():
        answer = ask(house, browser, route)
    assert answer.status_code == OPEN[route], answer.text
    for word in (OURS.name, THEIRS.name, "GateFailed"):
        assert word not in answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_no_other_method_is_known(
    house: House, visitors: dict[str, httpx.Client], method: str
) -> None:
    with house.untouched():
        for _, path in TABLE:
            answer = ask(house, visitors["administrator"], (method, path))
            assert answer.status_code == 405, path
