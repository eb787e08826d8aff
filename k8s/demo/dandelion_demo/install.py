"""The chart on a cluster: what `make demo` and the end-to-end tests stand on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from dandelion_local import places
from dandelion_local.commands import SetupError
from dandelion_local.node import network
from dandelion_local.progress import Step
from minio import Minio

from dandelion_demo.kube import Cluster

RELEASE = "dandelion"
NAMESPACE = "dandelion-system"
CHART = places.REPOSITORY / "charts" / "dandelion"
CONSOLE = "console.enabled=true"


def install(cluster: Cluster, *settings: str) -> None:
    """`helm upgrade --install` with the console, waiting until everything it brings is ready.

    Raises:
        SetupError: the release did not become ready; it holds the pods and their last words.
    """
    with Step("install the chart: operator, MLflow, MinIO, console", expected=60):
        try:
            cluster.install(
                *("upgrade", "--install", RELEASE, str(CHART)),
                *("--namespace", NAMESPACE, "--create-namespace"),
                *("--wait", "--timeout", "8m", "--force-conflicts"),
                *(part for setting in (CONSOLE, *settings) for part in ("--set", setting)),
                *(_open_to_this_machine() if cluster.routable else ()),
            )
        except SetupError as problem:
            raise SetupError(f"{problem}\n{diagnosis(cluster, NAMESPACE)}") from None


def look_after(cluster: Cluster, namespace: str) -> None:
    """Lets the operator work in a namespace, as whoever may change namespaces does."""
    cluster.run("label", "namespace", namespace, "dandelion.dev/enabled=true", "--overwrite")


def _open_to_this_machine() -> Sequence[str]:
    """The local node's addresses, and this machine as one that may ask its pods."""
    here = {"ipBlock": {"cidr": f"{network.HOST}/32"}}
    prometheus = {
        "namespaceSelector": {},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    }
    settings = {
        "clusterCIDRs": [str(network.PODS), str(network.SERVICES), f"{network.NODE}/32"],
        "mlflow": {"extraFrom": [here]},
        "minio": {"extraFrom": [here]},
        "metrics": {"from": [here, prometheus]},
    }
    return "--set-json", f"networkPolicy={json.dumps(settings)}"


@contextmanager
def object_store(
    cluster: Cluster, namespace: str = NAMESPACE, release: str = RELEASE
) -> Iterator[Minio]:
    """The release's own MinIO as its administrator, reachable while the block runs.

    Raises:
        SetupError: the release has no MinIO of its own, or it can't be reached.
    """
    root = cluster.secret(namespace, f"{release}-minio-root")
    with cluster.reach(namespace, f"{release}-minio", 9000) as url:
        yield Minio(
            urlsplit(url).netloc,
            access_key=root["rootUser"],
            secret_key=root["rootPassword"],
            secure=False,
        )


def diagnosis(cluster: Cluster, namespace: str, selector: str | None = None) -> str:
    """The pods of a namespace and the last lines of those that are not well."""
    wanted = ["-l", selector] if selector else []
    said = [cluster.run("get", "pods", "-n", namespace, "-o", "wide", *wanted)]
    for pod in cluster.get("pods", "-n", namespace, *wanted)["items"]:
        name, phase = pod["metadata"]["name"], pod["status"].get("phase")
        statuses = pod["status"].get("containerStatuses", [])
        if phase == "Succeeded" or (statuses and all(status["ready"] for status in statuses)):
            continue
        said.append(f"--- {name} ({phase})")
        said += [_waiting(status) for status in statuses]
        try:
            said.append(cluster.run("logs", "-n", namespace, name, "--tail=30", "--all-containers"))
        except SetupError as problem:
            said.append(str(problem))
    return "\n".join(line for line in said if line)


def _waiting(status: dict[str, dict[str, dict[str, str]]]) -> str:
    waiting = status["state"].get("waiting")
    return f"{waiting.get('reason', '')}: {waiting.get('message', '')}" if waiting else ""
