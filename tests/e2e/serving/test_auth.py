"""Who may predict is an ordinary RBAC rule: real accounts, real tokens, the real API server."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Callable

import httpx
import pytest
from dandelion_demo.install import RELEASE

from tests.e2e.world import COLOURS, World, colours, picture

NAME = "guarded"
ROUTES = ("predict", "feedback")
ROLES: dict[str, tuple[str, ...]] = {
    "stranger": (),
    "predictor": ("predict",),
    "labeller": ("feedback",),
    "both": ("predict", "feedback"),
}
#: Longer than an answer of the API server is remembered for, with time to spare.
FORGOTTEN = 100.0


def _account(world: World, name: str, *actions: str) -> None:
    world.kubectl("create", "serviceaccount", name)
    for action in actions:
        world.kubectl(
            *("create", "rolebinding", f"{name}-{action}"),
            f"--clusterrole={RELEASE}-{action}",
            f"--serviceaccount={world.namespace}:{name}",
        )


def _token(world: World, account: str, *options: str, audience: str = "dandelion.dev") -> str:
    return world.kubectl("create", "token", account, f"--audience={audience}", *options).strip()


def _ask(world: World, route: str, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    url = f"{world.url(NAME)}/{route}"
    if route == "predict":
        image = picture(COLOURS["red"], 1)
        return httpx.post(url, content=image, headers=headers, timeout=30)
    answer = _ask(world, "predict", _token(world, "both"))
    label = {"id": answer.json()["id"], "index": 0, "label": "red"}
    return httpx.post(url, json=label, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def guarded(world: World) -> World:
    """A served model that answers only whom the cluster lets, and accounts with and without."""
    serving = {"auth": "ClusterTokens"}
    world.train(NAME, world.upload("colours", colours()), serving=serving)
    for role, actions in ROLES.items():
        _account(world, role, *actions)
    world.until_served(NAME, "1")
    return world


@pytest.mark.parametrize(("route", "role"), list(itertools.product(ROUTES, ROLES)))
def test_an_account_may_do_what_it_is_bound_to(guarded: World, route: str, role: str) -> None:
    answer = _ask(guarded, route, _token(guarded, role))
    if route in ROLES[role]:
        assert answer.status_code == {"predict": 200, "feedback": 202}[route], answer.text
    else:
        assert answer.status_code == 403, answer.text
        assert answer.json()["code"] == "Forbidden"


def _withdrawn(world: World) -> str:
    """A token bound to an object that is gone, as that of a pod that has ended."""
    world.kubectl("create", "secret", "generic", "bound", "--from-literal=a=b")
    token = _token(world, "both", "--bound-object-kind=Secret", "--bound-object-name=bound")
    world.kubectl("delete", "secret", "bound")
    return token


def _tampered(world: World) -> str:
    header, payload, signature = _token(world, "both").split(".")
    return f"{header}.{payload}.{signature[::-1]}"


TOKENS: dict[str, Callable[[World], str | None]] = {
    "none at all": lambda world: None,
    "garbage": lambda world: "garbage",
    "one with another signature": _tampered,
    "one whose object is gone": _withdrawn,
    "one for another audience": lambda world: _token(world, "both", audience="vault"),
    "one for the cluster itself": lambda world: world.kubectl("create", "token", "both").strip(),
}


@pytest.mark.parametrize("token", TOKENS)
def test_without_a_good_token_nobody_is_answered(guarded: World, token: str) -> None:
    bad = TOKENS[token](guarded)
    for route in ROUTES:
        answer = _ask(guarded, route, bad)
        assert answer.status_code == 401, answer.text
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "kubectl create token ACCOUNT --audience=dandelion.dev" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["docs", "readyz", "v2/health/live"])
def test_what_is_for_everybody_stays_open(guarded: World, path: str) -> None:
    assert httpx.get(f"{guarded.url(NAME)}/{path}", timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("role", "status"), [(None, 401), ("stranger", 403), ("labeller", 403), ("predictor", 200)]
)
def test_the_models_classes_are_for_those_who_may_predict(
    guarded: World, role: str | None, status: int
) -> None:
    headers = {} if role is None else {"Authorization": f"Bearer {_token(guarded, role)}"}
    url = f"{guarded.url(NAME)}/v2/models/{NAME}"
    assert httpx.get(url, headers=headers, timeout=30).status_code == status


def test_the_line_in_the_refusal_grants_it_and_taking_it_back_is_felt(guarded: World) -> None:
    guarded.kubectl("create", "serviceaccount", "newcomer")
    token = _token(guarded, "newcomer")
    refused = _ask(guarded, "predict", token)
    assert refused.status_code == 403
    _, _, line = refused.json()["detail"].partition("grants it by: ")
    for command in line.split(" && "):
        program, *arguments = shlex.split(command)
        assert program == "kubectl"
        guarded.kubectl(*arguments)
    guarded.until(
        "the new rule holds", lambda: _ask(guarded, "predict", token).status_code == 200, FORGOTTEN
    )
    guarded.kubectl("delete", "rolebinding", f"{NAME}-predict")
    guarded.until(
        "the rule is gone", lambda: _ask(guarded, "predict", token).status_code == 403, FORGOTTEN
    )
