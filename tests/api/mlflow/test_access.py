"""Who may do what in MLflow: each caller tries everything, with the chart's roles on a real API
server.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from tests.api.mlflow.server import API, AUDIENCE, Mlflow
from tests.api.tokens import await_end, expired
from tests.chart.rendering import NAMESPACE

TEAM, OTHERS = "garden", "park"
MODEL = f"{TEAM}.roses"
LISTING = "/api/2.0/dandelion/registered-models"
GONE_SECONDS = 60


@dataclass(frozen=True)
class Asked:
    """One caller, and what there is to be asked for."""

    mlflow: Mlflow
    token: str | None
    experiment: str
    run: str
    files: str

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.mlflow.ask(self.token, TEAM, "GET", path, params=query)

    def post(self, path: str, **body: object) -> httpx.Response:
        return self.mlflow.ask(self.token, TEAM, "POST", f"{API}{path}", json=body)

    def delete(self, path: str, **body: object) -> httpx.Response:
        return self.mlflow.ask(self.token, TEAM, "DELETE", f"{API}{path}", json=body)


ACTIONS: dict[str, Callable[[Asked], httpx.Response]] = {
    "read a model": lambda me: me.get(f"{API}/registered-models/get", name=MODEL),
    "read a version": lambda me: me.get(f"{API}/model-versions/get", name=MODEL, version="1"),
    "read a run": lambda me: me.get(f"{API}/runs/get", run_id=me.run),
    "read a file": lambda me: me.get(f"{me.files}/there.txt"),
    "list the team's models": lambda me: me.get(LISTING),
    "begin a run": lambda me: me.post("/runs/create", experiment_id=me.experiment),
    "note a figure": lambda me: me.post(
        "/runs/log-metric", run_id=me.run, key="loss", value=1, timestamp=1, step=1
    ),
    "write a file": lambda me: me.mlflow.ask(
        me.token, TEAM, "PUT", f"{me.files}/new.txt", content=b"new"
    ),
    "register a version": lambda me: me.post(
        "/model-versions/create", name=MODEL, source="s3://models/garden/roses/b/artifact"
    ),
    "tag a version": lambda me: me.post(
        "/model-versions/set-tag", name=MODEL, version="1", key="dandelion.dev/a", value="b"
    ),
    "move an alias": lambda me: me.post(
        "/registered-models/alias", name=MODEL, alias="champion", version="1"
    ),
    "remove an alias": lambda me: me.delete(
        "/registered-models/alias", name=MODEL, alias="challenger"
    ),
    "write a verdict": lambda me: me.post(
        *("/model-versions/set-tag",),
        **{"name": MODEL, "version": "1", "key": "dandelion.dev/verdict", "value": "promoted"},
    ),
    "take a verdict away": lambda me: me.delete(
        "/model-versions/delete-tag", name=MODEL, version="1", key="dandelion.dev/gate"
    ),
    "register a version with a verdict": lambda me: me.post(
        *("/model-versions/create",),
        **{"name": MODEL, "source": "s3://models/garden/roses/c/artifact"},
        tags=[{"key": "dandelion.dev/verdict", "value": "promoting"}],
    ),
    "say that a model is being restored": lambda me: me.post(
        "/registered-models/set-tag", name=MODEL, key="dandelion.dev/restoring", value="true"
    ),
    "rename a model": lambda me: me.post(
        "/registered-models/rename", name=f"{TEAM}.former", new_name=f"{TEAM}.former"
    ),
    "delete a model": lambda me: me.delete("/registered-models/delete", name=f"{TEAM}.none"),
    "list everybody's models": lambda me: me.mlflow.ask(me.token, "", "GET", LISTING),
}
READ = {
    "read a model",
    "read a version",
    "read a run",
    "read a file",
    "list the team's models",
}
WRITE = {
    "begin a run",
    "note a figure",
    "write a file",
    "register a version",
    "tag a version",
}
ALIASES = {"move an alias", "remove an alias", "rename a model"}
DECIDED = {
    "write a verdict",
    "take a verdict away",
    "register a version with a verdict",
    "say that a model is being restored",
}
OF_MODELS = {"read a model", "read a version", "list the team's models"}
ALLOWED: dict[str, set[str]] = {
    "nobody": set(),
    "an invented token": set(),
    "an administrator's token that has expired": set(),
    "an administrator's token that was withdrawn": set(),
    "an administrator's token for serving": set(),
    "training's token for the API server": set(),
    "training of another namespace": set(),
    "an administrator of another namespace": set(),
    "an account without a role": set(),
    "training": READ | WRITE,
    "who may view": READ,
    "who may edit": READ | WRITE,
    "an administrator": READ | WRITE | ALIASES | {"delete a model"},
    "the operator": OF_MODELS
    | {"register a version", "tag a version", "list everybody's models"}
    | ALIASES
    | DECIDED,
}
STRANGERS = {
    *("nobody", "an invented token", "training's token for the API server"),
    "an administrator's token that has expired",
    "an administrator's token that was withdrawn",
    "an administrator's token for serving",
}
ROLES = {
    "view": ("dandelion-mlflow-view",),
    "edit": ("dandelion-mlflow-view", "dandelion-mlflow-edit"),
    "admin": ("dandelion-mlflow-view", "dandelion-mlflow-edit", "dandelion-mlflow-admin"),
}


@pytest.fixture(scope="module")
def tokens(mlflow: Mlflow) -> dict[str, str | None]:
    for namespace in (TEAM, OTHERS):
        mlflow.api.kubectl("create", "namespace", namespace)
    training = ("dandelion-mlflow-training",)
    found = {
        "nobody": None,
        "an invented token": "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjF9.c2ln",
        "training of another namespace": mlflow.account(f"{OTHERS}:training", *training),
        "an administrator of another namespace": mlflow.account(f"{OTHERS}:admin", *ROLES["admin"]),
        "an account without a role": mlflow.account(f"{TEAM}:nothing"),
        "training": mlflow.account(f"{TEAM}:training", *training),
        "who may view": mlflow.account(f"{TEAM}:view", *ROLES["view"]),
        "who may edit": mlflow.account(f"{TEAM}:edit", *ROLES["edit"]),
        "an administrator": mlflow.account(f"{TEAM}:admin", *ROLES["admin"]),
        "the operator": mlflow.token(f"{NAMESPACE}:dandelion-operator"),
    }
    return found | {
        "training's token for the API server": mlflow.token(f"{TEAM}:training", audience=""),
        "an administrator's token that has expired": expired(mlflow.api, TEAM, "admin", AUDIENCE),
        "an administrator's token that was withdrawn": withdrawn(mlflow, f"{TEAM}:admin"),
        "an administrator's token for serving": mlflow.token(f"{TEAM}:admin", "dandelion.dev"),
    }


def withdrawn(mlflow: Mlflow, account: str) -> str:
    """A token that was bound to an object which is gone."""
    namespace, _, name = account.partition(":")
    place = ("-n", namespace)
    mlflow.api.kubectl("create", "secret", "generic", "bound", "--from-literal=a=b", *place)
    bound = ("--bound-object-kind=Secret", "--bound-object-name=bound")
    audience = f"--audience={AUDIENCE}"
    token = mlflow.api.kubectl("create", "token", name, *place, audience, *bound).strip()
    mlflow.api.kubectl("delete", "secret", "bound", *place)
    await_end(mlflow.api, token, AUDIENCE)
    return token


@pytest.fixture(scope="module")
def there(mlflow: Mlflow, tokens: dict[str, str | None]) -> Asked:
    """An administrator's model, run and file."""
    me = Asked(mlflow, tokens["an administrator"], "", "", "")
    experiment = me.post("/experiments/create", name=MODEL).raise_for_status().json()
    body = {"experiment_id": experiment["experiment_id"]}
    info = me.post("/runs/create", **body).raise_for_status().json()["run"]["info"]
    path = info["artifact_uri"].removeprefix("mlflow-artifacts:/")
    files = f"/api/2.0/mlflow-artifacts/artifacts/{path}"
    for model in (MODEL, f"{TEAM}.former"):
        me.post("/registered-models/create", name=model).raise_for_status()
    ACTIONS["register a version"](me).raise_for_status()
    found = Asked(mlflow, me.token, experiment["experiment_id"], info["run_id"], files)
    mlflow.ask(me.token, TEAM, "PUT", f"{files}/there.txt", content=b"there").raise_for_status()
    return found


@pytest.mark.parametrize("caller", ALLOWED)
def test_a_caller_may_do_what_its_roles_say_and_nothing_else(
    there: Asked, tokens: dict[str, str | None], caller: str
) -> None:
    me = Asked(there.mlflow, tokens[caller], there.experiment, there.run, there.files)
    answers = {name: action(me).status_code for name, action in ACTIONS.items()}
    refusal = httpx.codes.UNAUTHORIZED if caller in STRANGERS else httpx.codes.FORBIDDEN
    refused = {name for name, status in answers.items() if status == refusal}
    assert refused == set(ACTIONS) - ALLOWED[caller], answers
    # What is allowed is done, or is not there: some of it another caller has removed.
    done = {httpx.codes.OK, httpx.codes.NOT_FOUND}
    assert {answers[name] for name in ALLOWED[caller]} <= done, answers


def test_a_namespace_of_ones_own_shows_nothing_of_anothers(
    there: Asked, tokens: dict[str, str | None]
) -> None:
    token = tokens["an administrator of another namespace"]
    found = there.mlflow.ask(token, OTHERS, "GET", LISTING).raise_for_status().json()
    assert found == {"registered_models": []}
    for path in (f"{API}/registered-models/get", f"{API}/model-versions/search"):
        query = {"name": MODEL, "filter": f"name='{MODEL}'"}
        answer = there.mlflow.ask(token, OTHERS, "GET", path, params=query)
        assert MODEL not in answer.text.replace(query["filter"], "") or answer.is_client_error
    file = there.mlflow.ask(token, OTHERS, "GET", f"{there.files}/there.txt")
    assert file.is_client_error


def test_a_model_that_bears_anothers_name_is_not_taken_for_it(
    there: Asked, tokens: dict[str, str | None]
) -> None:
    token = tokens["an administrator of another namespace"]
    body = {"name": f"{TEAM}.forged"}
    there.mlflow.ask(
        token, OTHERS, "POST", f"{API}/registered-models/create", json=body
    ).raise_for_status()
    listed = there.mlflow.ask(tokens["the operator"], "", "GET", LISTING).raise_for_status()
    names = {item["name"] for item in listed.json()["registered_models"]}
    assert MODEL in names
    assert f"{TEAM}.forged" not in names


def test_a_request_without_a_namespace_is_about_none(
    there: Asked, tokens: dict[str, str | None]
) -> None:
    query = {"name": MODEL}
    answer = there.mlflow.ask(
        tokens["an administrator"], "", "GET", f"{API}/registered-models/get", params=query
    )
    assert answer.status_code == httpx.codes.BAD_REQUEST


def test_a_header_is_no_identity(there: Asked) -> None:
    forged = {
        "X-MLFLOW-WORKSPACE": TEAM,
        "X-Remote-User": "admin",
        "X-Remote-Groups": "system:masters",
        "Impersonate-User": "admin",
    }
    with httpx.Client(
        base_url=there.mlflow.url, trust_env=False, timeout=60, headers=forged
    ) as client:
        answer = client.get(f"{API}/registered-models/get", params={"name": MODEL})
    assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_a_right_that_is_taken_is_gone(there: Asked) -> None:
    mlflow = there.mlflow
    token = mlflow.account(f"{TEAM}:leaving", *ROLES["view"])
    me = Asked(mlflow, token, there.experiment, there.run, there.files)
    assert ACTIONS["read a model"](me).is_success
    mlflow.api.kubectl("delete", "rolebinding", "leaving-dandelion-mlflow-view", "-n", TEAM)
    deadline = time.monotonic() + GONE_SECONDS
    while ACTIONS["read a model"](me).status_code != httpx.codes.FORBIDDEN:
        assert time.monotonic() < deadline, "it may read still"
        time.sleep(0.5)
