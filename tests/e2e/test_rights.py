"""What the chart's accounts may do, held against what they did in all of these tests.

Runs after the others, by its name. Run alone, it says of most rights that nobody used them.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from dandelion_demo.install import NAMESPACE, RELEASE, look_after
from dandelion_demo.kube import Cluster
from dandelion_local import places
from dandelion_local.node.components import AUDIT_LOG

from tests.api.rights.measured import Right, granted, used, written

WRITTEN_SECONDS = 5
# What a run of these tests need not show, and what the account has it for.
UNSEEN: Mapping[str, Mapping[str, str]] = {
    "operator": {
        "bind rbac.authorization.k8s.io/clusterroles": "no request: asked when a role is bound",
        "update dandelion.dev/modeldeployments/finalizers": "no request: asked by an admission "
        "plugin (OwnerReferencesPermissionEnforcement) when a child is made, where it is on",
        "get batch/jobs": "after a write of which the outcome is not known",
        "patch batch/jobs": "spec.suspend while a run is in flight, ttlSecondsAfterFinished",
        "get events": "an Event that is said again",
        "patch events": "an Event that is said again",
        "list autoscaling/horizontalpodautoscalers": "replicas that somebody else set",
        "delete policy/poddisruptionbudgets": "replicas that go back to one",
        "delete networking.k8s.io/networkpolicies": "networkPolicy.enabled that is turned off",
        "delete rbac.authorization.k8s.io/clusterrolebindings": "an upgrade from a release whose "
        "serving pods asked the API server who calls",
    },
    "token-reviewer": {},
}
# Has no objects and so no requests: what MLflow asks about those who call it.
VIRTUAL = "mlflow.kubeflow.org/"


@pytest.fixture(scope="module")
def log(cluster: Cluster) -> list[str]:
    """The lines of the API server's audit log."""
    assert cluster.routable, "only the local node keeps an audit log where this test finds it"
    time.sleep(WRITTEN_SECONDS)
    path = Path(places.logs()) / AUDIT_LOG
    assert path.exists(), f"{path}: the node was started without it; `make down` first"
    return written(path)


@pytest.fixture(scope="module", autouse=True)
def looked_after(cluster: Cluster) -> Iterator[None]:
    """A namespace where the operator has what it has in each that is enabled."""
    name = f"rights-{uuid.uuid4().hex[:5]}"
    cluster.run("create", "namespace", name)
    look_after(cluster, name)
    binding = f"rolebinding/{RELEASE}-operator-namespace"
    cluster.run("-n", name, "wait", "--for=create", binding, "--timeout=110s")
    yield
    cluster.run("delete", "namespace", name, "--wait=false")


@pytest.mark.parametrize("account", UNSEEN)
def test_no_account_has_a_right_to_spare(cluster: Cluster, log: list[str], account: str) -> None:
    name = f"{RELEASE}-{account}"
    given = granted(cluster.get, NAMESPACE, name)
    assert given, f"{name} is given nothing: the measurement is wrong"
    spare: set[Right] = given - used(log, NAMESPACE, name)
    told = {str(right) for right in spare if VIRTUAL not in str(right)}
    assert sorted(told - UNSEEN[account].keys()) == []


@pytest.mark.parametrize("account", UNSEEN)
def test_what_is_unseen_is_given(cluster: Cluster, account: str) -> None:
    given = set(map(str, granted(cluster.get, NAMESPACE, f"{RELEASE}-{account}")))
    assert sorted(UNSEEN[account].keys() - given) == []
