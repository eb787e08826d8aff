"""Who may move what is served: in MLflow each namespace is its own, and RBAC says who decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from dandelion_demo.install import NAMESPACE, RELEASE
from dandelion_demo.people import MLFLOW_AUDIENCE

from tests.e2e import registry
from tests.e2e.world import World, colours, create_namespace

NAME = "guarded"
API = "/api/2.0/mlflow"
#: Run by the operator's image: whatever may be tried from a pod, without a client of MLflow's.
POD = """
import json, pathlib, sys, urllib.error, urllib.request
url, namespace, model = sys.argv[1:]
body = {"name": model, "alias": "champion", "version": "1"}
for file in (None, "/var/run/tokens/api", "/var/run/tokens/mlflow"):
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    request.add_header("X-MLFLOW-WORKSPACE", namespace)
    if file:
        request.add_header("Authorization", "Bearer " + pathlib.Path(file).read_text())
    try:
        print(urllib.request.urlopen(request, timeout=30).status)
    except urllib.error.HTTPError as refused:
        print(refused.code)
"""


@pytest.fixture(scope="module")
def served(world: World) -> World:
    """Two versions, of which the second serves."""
    world.train(NAME, world.upload("colours", colours()))
    world.until_served(NAME, "1")
    world.retrain(NAME, "again")
    world.until_served(NAME, "2")
    return world


@pytest.fixture(scope="module")
def strangers(served: World) -> Iterator[str]:
    """A namespace of another team, with an administrator."""
    name = f"{served.namespace}-other"
    create_namespace(served.cluster, name)
    registry.account(served.cluster, name, "administrator", "admin")
    yield name
    served.cluster.run("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def callers(served: World, strangers: str) -> dict[str, str]:
    """Tokens of everybody who must not move the alias."""
    here, cluster = served.namespace, served.cluster
    registry.account(cluster, here, "viewer", "view")
    registry.account(cluster, here, "editor", "edit")
    registry.account(cluster, here, "nothing", None)
    return {
        "training": registry.token(cluster, here, f"{NAME}-training"),
        "a viewer": registry.token(cluster, here, "viewer"),
        "an editor": registry.token(cluster, here, "editor"),
        "an account without a role": registry.token(cluster, here, "nothing"),
        "another team's administrator": registry.token(cluster, strangers, "administrator"),
    }


def move(world: World, token: str | None, namespace: str) -> httpx.Response:
    """Tries to have version 1 served."""
    headers = {"X-MLFLOW-WORKSPACE": namespace}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.post(
        f"{str(world.mlflow.base_url).rstrip('/')}{API}/registered-models/alias",
        json={"name": world.model(NAME), "alias": "champion", "version": "1"},
        headers=headers,
        timeout=30,
    )


def test_without_a_token_nobody_moves_an_alias(served: World) -> None:
    assert move(served, None, served.namespace).status_code == httpx.codes.UNAUTHORIZED
    assert served.aliases(NAME)["champion"] == "2"


CALLERS = (
    *("training", "a viewer", "an editor"),
    *("an account without a role", "another team's administrator"),
)


@pytest.mark.parametrize("caller", CALLERS)
def test_who_does_not_decide_moves_no_alias(
    served: World, callers: dict[str, str], caller: str
) -> None:
    answer = move(served, callers[caller], served.namespace)
    assert answer.status_code == httpx.codes.FORBIDDEN, answer.text
    assert served.aliases(NAME)["champion"] == "2"


def test_whoever_may_create_a_pod_moves_nobodys_alias(served: World, strangers: str) -> None:
    """With the two labels that networks let through, and the tokens that any pod may have."""
    image = served.cluster.get(f"deployment/{RELEASE}-operator", "-n", NAMESPACE)
    (container,) = image["spec"]["template"]["spec"]["containers"]
    url = f"http://{RELEASE}-mlflow.{NAMESPACE}.svc:5000{API}/registered-models/alias"
    tokens = [
        {"serviceAccountToken": {"path": "api"}},
        {"serviceAccountToken": {"path": "mlflow", "audience": MLFLOW_AUDIENCE}},
    ]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "intruder",
            "labels": {
                "app.kubernetes.io/part-of": "dandelion",
                "app.kubernetes.io/component": "training",
            },
        },
        "spec": {
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": "intruder",
                    "image": container["image"],
                    "command": ["python", "-c", POD],
                    "args": [url, served.namespace, served.model(NAME)],
                    "volumeMounts": [{"name": "tokens", "mountPath": "/var/run/tokens"}],
                }
            ],
            "volumes": [{"name": "tokens", "projected": {"sources": tokens}}],
        },
    }
    there = ("-n", strangers)
    served.cluster.run(*there, "create", "-f", "-", stdin=json.dumps(pod))

    def ended() -> bool:
        phase = served.cluster.get("pod", "intruder", *there)["status"].get("phase")
        return phase in ("Succeeded", "Failed")

    served.until("the intruder has tried", ended)
    assert served.cluster.run("logs", "intruder", *there).split() == ["401", "401", "403"]
    assert served.aliases(NAME)["champion"] == "2"


Look = Callable[[World], tuple[str, dict[str, str]]]
LOOKS: dict[str, Look] = {
    "a model": lambda world: (f"{API}/registered-models/get", {"name": world.model(NAME)}),
    "a version": lambda world: (
        f"{API}/model-versions/get",
        {"name": world.model(NAME), "version": "2"},
    ),
    "a run": lambda world: (f"{API}/runs/get", {"run_id": run(world)}),
    "the files of a run": lambda world: (f"{API}/artifacts/list", {"run_id": run(world)}),
    "a file": lambda world: (
        "/get-artifact",
        {"run_id": run(world), "path": "report/per-class.json"},
    ),
    "all models": lambda world: ("/api/2.0/dandelion/registered-models", {}),
}


def run(world: World) -> str:
    return str(world.versions(NAME)[-1]["run_id"])


@pytest.mark.parametrize("what", LOOKS)
def test_another_team_reads_nothing(
    served: World, strangers: str, callers: dict[str, str], what: str
) -> None:
    path, query = LOOKS[what](served)
    assert served.mlflow.get(path, params=query).is_success
    for namespace in (served.namespace, strangers, ""):
        headers = {"Authorization": f"Bearer {callers[CALLERS[-1]]}"}
        headers |= {"X-MLFLOW-WORKSPACE": namespace} if namespace else {}
        url = f"{str(served.mlflow.base_url).rstrip('/')}{path}"
        answer = httpx.get(url, params=query, headers=headers, timeout=30)
        seen = answer.text.replace(json.dumps(query), "") if answer.is_success else ""
        assert answer.is_client_error or served.model(NAME) not in seen, (namespace, seen)


def test_the_namespaces_administrator_decides_and_is_named(served: World) -> None:
    served.move_alias(NAME, "1")
    served.until_served(NAME, "1")
    entry: dict[str, Any] = served.status(NAME)["history"][0]
    assert (entry["decision"], entry["version"], entry["by"]) == ("FollowedAlias", "1", "Person")
    person = f"system:serviceaccount:{served.namespace}:administrator"
    assert entry["requestedBy"] == person
