"""Every address of the console, who may, and how it is asked.

The tables are held to the routes that the console has: one without a row fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.console.house import OURS, House, Place
from tests.page.photos import meadow

Route = tuple[str, str]
MODEL = "/namespaces/{namespace}/models/{name}"
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
