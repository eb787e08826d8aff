"""Who reaches whom over the network: from a pod that wears each component's labels, every allowed
way passes, and every other one is tried and fails.

Pods of no component, which no policy is of, are the control: what they reach answers.
"""

from __future__ import annotations

import http.server
import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from dandelion_demo.install import NAMESPACE, RELEASE, look_after
from dandelion_demo.kube import Cluster
from dandelion_local.node import network

from tests.e2e.faults.wire import RESTRICTED
from tests.e2e.installation.metadata import metadata_service
from tests.e2e.world import LIMIT, World, create_namespace

Json = dict[str, Any]
NAME = "network"
HTTP, METRICS = 8080, 8081
#: Until every way is as the policies say.
SETTLED_SECONDS = 60
#: Answers on both ports of a pod that serves, until it is ended.
ANSWERING = f"""
import http.server, threading
for port in ({HTTP}, {METRICS}):
    server = http.server.ThreadingHTTPServer(("", port), http.server.SimpleHTTPRequestHandler)
    server.socket.listen(128)  # all pods come at once
    threading.Thread(target=server.serve_forever).start()
"""
#: Tries all addresses at once; prints the names of those that a connection was made to.
TRYING = """
import concurrent.futures, json, socket, sys
def reached(place):
    try:
        socket.create_connection(place, timeout=8).close()
        return True
    except OSError:
        return False
places = {name: tuple(place) for name, place in json.loads(sys.argv[1]).items()}
with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
    found = dict(zip(places, pool.map(reached, places.values())))
print(json.dumps([name for name in found if found[name]]))
"""
CALLED = "pod called "
#: What every pod reaches that no policy keeps from it, and that keeps nobody out.
OPEN = {"dns", "API server", "console", "serving", "metadata", "outside"}
ALLOWED: Mapping[str, set[str]] = {
    "operator": {"dns", "API server", "MLflow", "S3", "serving", "serving's metrics", "outside"},
    "mlflow": {"dns", "API server", "S3"},
    "minio": set(),
    "console": {"dns", "API server", "serving", "review"},
    "review": {"dns", "API server", "S3"},
    "token-reviewer": {"dns", "API server"},
    "credentials": {"dns", "API server"},
    "storage-setup": {"dns", "S3"},
    "pretrained": {"dns", "S3"},
    "test": {"dns", "API server", "MLflow", "S3", "operator's metrics"},
    "training": {"dns", "MLflow", "S3"},
    "training on addresses": {"dns", "MLflow", "S3", "outside"},
    "serving": {"dns", "S3"},
    "serving by tokens": {"dns", "S3", "token reviewer"},
    # What anybody can make who may edit a namespace: no policy of a model is of these pods.
    "a team's pod called training": OPEN | {"MLflow", "S3"},
    "a team's pod called inference": OPEN | {"S3", "token reviewer"},
    "a team's pod called operator": OPEN,
    "a team's pod called mlflow": OPEN,
    "a team's pod called console": OPEN,
    "nobody": OPEN,
    "nobody of the release's namespace": OPEN,
    "Prometheus": OPEN | {"operator's metrics", "console's metrics", "serving's metrics"},
}


@dataclass(frozen=True)
class Reached:
    """The places that were tried, and which of them each source reached."""

    places: frozenset[str]
    by_source: Mapping[str, set[str]]


def _component(name: str) -> Mapping[str, str]:
    return {
        "app.kubernetes.io/name": "dandelion",
        "app.kubernetes.io/instance": RELEASE,
        "app.kubernetes.io/component": name,
        "app.kubernetes.io/part-of": "dandelion",
    }


def _of_the_model(component: str) -> Mapping[str, str]:
    owner = {"dandelion.dev/modeldeployment": NAME, "app.kubernetes.io/instance": NAME}
    return {**_component(component), **owner}


def _labels(team: str, other: str) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """The namespace and the labels of each source."""
    of_teams = {
        "training": (team, _of_the_model("training")),
        "serving": (team, _of_the_model("inference")),
        "training on addresses": (other, _of_the_model("training")),
        "serving by tokens": (other, _of_the_model("inference")),
        "nobody": (other, {}),
        "nobody of the release's namespace": (NAMESPACE, {}),
        "Prometheus": (other, {"app.kubernetes.io/name": "prometheus"}),
    }
    called = {name: name.partition(CALLED)[2] for name in ALLOWED if CALLED in name}
    of_teams |= {name: (other, _component(component)) for name, component in called.items()}
    return {name: of_teams.get(name, (NAMESPACE, _component(name))) for name in ALLOWED}


def _pod(namespace: str, name: str, labels: Mapping[str, str], image: str) -> Json:
    container = {
        "name": "tries",
        "image": image,
        "command": ["python", "-c", ANSWERING],
        "ports": [
            {"name": "http", "containerPort": HTTP},
            {"name": "metrics", "containerPort": METRICS},
        ],
        # Never ready: no Service may send a request to what only wears labels.
        "readinessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 60},
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}},
        "securityContext": RESTRICTED,
        "workingDir": "/tmp",
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "containers": [container],
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 0,
        },
    }


def _model(namespace: str, **spec: Any) -> Json:
    dataset = {"storageUri": f"s3://datasets/{namespace}/nothing", **spec.pop("dataset", {})}
    return {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {"dataset": dataset, **spec},
    }


@contextmanager
def _far_places(cluster: Cluster) -> Iterator[Mapping[str, tuple[str, int]]]:
    """What is no part of the cluster: a metadata service, and a port of this machine. Of the local
    node alone, since elsewhere nobody can say what answers.
    """
    if not cluster.routable:
        yield {}
        return
    handler = http.server.SimpleHTTPRequestHandler
    with (
        metadata_service() as metadata,
        http.server.ThreadingHTTPServer((network.HOST, 0), handler) as server,
    ):
        server.socket.listen(128)  # all pods come at once
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield {"metadata": (metadata, 80), "outside": (network.HOST, server.server_port)}
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def other(world: World) -> Iterator[str]:
    """Another team's namespace."""
    name = f"other-{uuid.uuid4().hex[:5]}"
    create_namespace(world.cluster, name)
    look_after(world.cluster, name)
    yield name
    world.cluster.run("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def reached(world: World, other: str) -> Iterator[Reached]:
    """What each of the pods reached, by their names in the table."""
    cluster, team = world.cluster, world.namespace
    addresses = {"urls": {"configMapRef": {"name": "urls"}, "allowedHosts": ["images.example.com"]}}
    models = [
        _model(team),
        _model(other, dataset=addresses, serving={"auth": "ClusterTokens"}),
    ]
    operator = cluster.get("deployment", f"{RELEASE}-operator", "-n", NAMESPACE)
    image = operator["spec"]["template"]["spec"]["containers"][0]["image"]
    target = _pod(team, "target", _of_the_model("inference"), image)
    mark = uuid.uuid4().hex[:5]
    sources = {
        name: _pod(namespace, f"tries-{mark}-{number}", labels, image)
        for number, (name, (namespace, labels)) in enumerate(_labels(team, other).items())
    }
    items = [*models, target, *sources.values()]
    cluster.run(
        *("apply", "-f", "-"),
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}),
    )
    try:
        for namespace in (team, other):
            world.until(
                f"the policies of {namespace}", partial(_both_are_there, cluster, namespace)
            )
        for pod in (target, *sources.values()):
            place = ("-n", pod["metadata"]["namespace"], f"pod/{pod['metadata']['name']}")
            runs = ("wait", "--for=jsonpath={.status.phase}=Running", f"--timeout={LIMIT}s")
            cluster.run(*runs, *place, timeout=LIMIT + 10)
        with _far_places(cluster) as far, ThreadPoolExecutor(len(sources)) as pool:
            places = {**_places(world), **far}
            found: dict[str, set[str]] = {}

            def as_allowed() -> bool:
                tried = pool.map(lambda pod: _tried(world, pod, places), sources.values())
                found.update(zip(sources, tried, strict=True))
                return all(found[source] == ALLOWED[source] & places.keys() for source in sources)

            # Who enforces policies hears of a pod later than the pod runs, and what a pod runs
            # comes to answer later still.
            deadline = time.monotonic() + SETTLED_SECONDS
            while not as_allowed() and time.monotonic() < deadline:
                time.sleep(1)
            yield Reached(frozenset(places), found)
    finally:
        for pod in sources.values():
            if pod["metadata"]["namespace"] == NAMESPACE:
                name = pod["metadata"]["name"]
                cluster.run("delete", "pod", name, "-n", NAMESPACE, "--wait=false")


def _both_are_there(cluster: Cluster, namespace: str) -> bool:
    return len(cluster.get("networkpolicies", "-n", namespace)["items"]) == 2


def _places(world: World) -> Mapping[str, tuple[str, int]]:
    """Every address that a pod may want to reach."""
    cluster = world.cluster

    def service(name: str, port: int, namespace: str = NAMESPACE) -> tuple[str, int]:
        return cluster.get("service", name, "-n", namespace)["spec"]["clusterIP"], port

    def address(component: str) -> str:
        """Of a pod of the release, and of none that a test made."""
        selector = f"app.kubernetes.io/component={component},!dandelion.dev/modeldeployment"
        pods = cluster.get("pods", "-n", NAMESPACE, "-l", selector)["items"]
        pod = next(pod for pod in pods if pod["metadata"]["name"].startswith(f"{RELEASE}-"))
        return str(pod["status"]["podIP"])

    target = world.get("pod", "target")["status"]["podIP"]
    return {
        "dns": service("kube-dns", 53, "kube-system"),
        "API server": service("kubernetes", 443, "default"),
        "MLflow": service(f"{RELEASE}-mlflow", 5000),
        "S3": service(f"{RELEASE}-minio", 9000),
        "MinIO's console": service(f"{RELEASE}-minio", 9001),
        "operator's metrics": service(f"{RELEASE}-operator", 9090),
        "operator's probes": (address("operator"), 8080),
        "console": service(f"{RELEASE}-console", 80),
        "console's metrics": (address("console"), 9090),
        "review": service(f"{RELEASE}-review", 80),
        "token reviewer": service(f"{RELEASE}-token-reviewer", 80),
        "serving": (target, HTTP),
        "serving's metrics": (target, METRICS),
    }


def _tried(world: World, pod: Json, places: Mapping[str, tuple[str, int]]) -> set[str]:
    metadata = pod["metadata"]
    place = ("-n", metadata["namespace"], metadata["name"])
    said = world.cluster.run("exec", *place, "--", "python", "-c", TRYING, json.dumps(places))
    return set(json.loads(said))


@pytest.mark.parametrize("source", ALLOWED)
def test_a_pod_reaches_what_it_needs_and_nothing_else(reached: Reached, source: str) -> None:
    assert reached.by_source[source] == ALLOWED[source] & reached.places
