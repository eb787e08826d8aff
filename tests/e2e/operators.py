"""How many operators run."""

from __future__ import annotations

from dandelion_demo.install import NAMESPACE, RELEASE
from dandelion_demo.kube import Cluster

from tests.e2e.world import LIMIT

OPERATORS = "app.kubernetes.io/component=operator"


def scale(cluster: Cluster, replicas: int) -> None:
    """Returns once so many run: where there is to be none, the last has ended."""
    deployment = f"deployment/{RELEASE}-operator"
    cluster.run("-n", NAMESPACE, "scale", deployment, f"--replicas={replicas}")
    until: tuple[str, ...] = ("rollout", "status", deployment)
    if not replicas:
        until = ("wait", "--for=delete", "pod", "-l", OPERATORS)
    cluster.run("-n", NAMESPACE, *until, f"--timeout={LIMIT}s", timeout=LIMIT + 10)
