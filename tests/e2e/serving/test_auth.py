"""Who may predict is an ordinary RBAC rule: real accounts, real tokens, the real API server."""

from __future__ import annotations

import base64
import itertools
import json
import shlex
import ssl
from collections.abc import Callable

import httpx
import pytest
from dandelion_demo.install import RELEASE
from dandelion_local.commands import SetupError

from tests.e2e.world import COLOURS, World, colours, heard, picture

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
        return heard(lambda: httpx.post(url, content=image, headers=headers, timeout=30))
    answer = _ask(world, "predict", _token(world, "both"))
    label = {"id": answer.json()["id"], "index": 0, "label": "red"}
    return heard(lambda: httpx.post(url, json=label, headers=headers, timeout=30))


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
    # The API server goes by a copy of the objects that tokens are bound to.
    world.until("it is felt", lambda: _ask(world, "predict", token).status_code == 401, FORGOTTEN)
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
    answer = heard(lambda: httpx.get(url, headers=headers, timeout=30))
    assert answer.status_code == status


def _create(world: World, token: str, group: str, kind: str, spec: dict[str, object]) -> int:
    """The API server's answer to whoever holds that token, and nothing else of the kubeconfig."""
    config = json.loads(world.cluster.run("config", "view", "--minify", "--raw", "-o", "json"))
    place = config["clusters"][0]["cluster"]
    authority = base64.b64decode(place["certificate-authority-data"]).decode()
    answer = httpx.post(
        f"{place['server']}/apis/{group}/v1/{kind.lower()}s",
        json={"apiVersion": f"{group}/v1", "kind": kind, "spec": spec},
        headers={"Authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cadata=authority),
        trust_env=False,
        timeout=30,
    )
    return answer.status_code


PROBES: dict[str, tuple[str, dict[str, object]]] = {
    "TokenReview": ("authentication.k8s.io", {"token": "somebody's"}),
    "SubjectAccessReview": (
        "authorization.k8s.io",
        {
            "user": "somebody",
            "resourceAttributes": {"namespace": "default", "verb": "get", "resource": "secrets"},
        },
    ),
}


@pytest.mark.parametrize("kind", PROBES)
def test_who_edits_the_namespace_finds_no_account_that_may_ask_about_others(
    guarded: World, kind: str
) -> None:
    group, spec = PROBES[kind]
    editor, subject = f"editor-{kind.lower()}", f"{guarded.namespace}:editor-{kind.lower()}"
    guarded.kubectl("create", "serviceaccount", editor)
    guarded.kubectl(
        *("create", "rolebinding", editor, "--clusterrole=edit", f"--serviceaccount={subject}")
    )
    person = f"--as=system:serviceaccount:{subject}"

    def seen() -> list[str]:
        """None until the API server's authorizer has heard of the binding."""
        try:
            return guarded.kubectl("get", "serviceaccounts", "-o", "name", person).split()
        except SetupError:
            return []

    accounts = guarded.until("the accounts that an editor sees", seen)
    assert len(accounts) > len(ROLES)
    for account in accounts:
        name = account.rpartition("/")[2]
        token = guarded.kubectl("create", "token", name, person).strip()
        assert _create(guarded, token, group, kind, spec) == 403, name


def test_serving_pods_hold_no_token_for_the_api_server(guarded: World) -> None:
    for pod in guarded.owned("pods", NAME):
        if pod["metadata"]["labels"]["app.kubernetes.io/component"] == "inference":
            assert pod["spec"]["serviceAccountName"] == "default"
            mounts = [
                mount["mountPath"]
                for container in pod["spec"]["containers"]
                for mount in container["volumeMounts"]
            ]
            assert "/var/run/secrets/kubernetes.io/serviceaccount" not in mounts


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
