"""MLflow for the people of a namespace: it asks the cluster who they are and what they may do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from dandelion_demo.kube import Cluster
from dandelion_demo.people import MLFLOW_AUDIENCE

#: Longer than any run of the tests.
TOKEN_HOURS = 8


def account(cluster: Cluster, namespace: str, name: str, role: str | None) -> None:
    """A ServiceAccount with one of the cluster's roles in its namespace."""
    cluster.run("-n", namespace, "create", "serviceaccount", name)
    if role is not None:
        cluster.run(
            *("-n", namespace, "create", "rolebinding", name, f"--clusterrole={role}"),
            f"--serviceaccount={namespace}:{name}",
        )


def token(cluster: Cluster, namespace: str, name: str) -> str:
    """One that is good for MLflow."""
    bound = (f"--audience={MLFLOW_AUDIENCE}", f"--duration={TOKEN_HOURS}h")
    return cluster.run("-n", namespace, "create", "token", name, *bound).strip()


@contextmanager
def mlflow_of(cluster: Cluster, url: str, namespace: str, name: str) -> Iterator[httpx.Client]:
    """MLflow's REST API, with what an account may do in its namespace."""
    headers = {
        "Authorization": f"Bearer {token(cluster, namespace, name)}",
        "X-MLFLOW-WORKSPACE": namespace,
    }
    # It hangs up after 5 seconds without a request, which is httpx's own limit too.
    limits = httpx.Limits(keepalive_expiry=2)
    with httpx.Client(base_url=url, timeout=30, headers=headers, limits=limits) as client:
        yield client


@contextmanager
def administrator(cluster: Cluster, url: str, namespace: str) -> Iterator[httpx.Client]:
    """MLflow for somebody who may do everything in a namespace."""
    account(cluster, namespace, "administrator", "admin")
    with mlflow_of(cluster, url, namespace, "administrator") as client:
        yield client
