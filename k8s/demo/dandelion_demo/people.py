"""Three accounts to log in to the console with, one for each role that people have there."""

from __future__ import annotations

import json
from typing import Any

from dandelion_local.progress import Step

from dandelion_demo.install import RELEASE
from dandelion_demo.kube import Cluster
from dandelion_demo.run import NAMESPACE_OF_MODEL

ROLES = {
    "console-user": f"{RELEASE}-user",
    "console-reviewer": f"{RELEASE}-reviewer",
    "console-admin": f"{RELEASE}-administrator",
}
LOGIN_HOURS = 8
MLFLOW_AUDIENCE = "mlflow.dandelion.dev"


def accounts(namespace: str = NAMESPACE_OF_MODEL) -> list[dict[str, Any]]:
    """The ServiceAccounts, each bound to its role in the namespace."""
    made: list[dict[str, Any]] = []
    for name, role in ROLES.items():
        metadata = {"name": name, "namespace": namespace}
        made.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        made.append(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                # After the role, too: a binding cannot be changed to another one.
                "metadata": {**metadata, "name": f"{name}-{role}"},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": role,
                },
                "subjects": [{"kind": "ServiceAccount", **metadata}],
            }
        )
    return made


def let_in(cluster: Cluster, namespace: str = NAMESPACE_OF_MODEL) -> None:
    """Makes the accounts."""
    with Step("accounts for the console: " + ", ".join(ROLES)):
        manifest = {"apiVersion": "v1", "kind": "List", "items": accounts(namespace)}
        cluster.run("apply", "-f", "-", stdin=json.dumps(manifest))


def how_to_log_in(cluster: Cluster) -> list[str]:
    """The commands that print a token for each."""
    return [
        f"{name:16} {cluster.command('create', 'token', name, f'--duration={LOGIN_HOURS}h')}"
        f"   ({role})"
        for name, role in ROLES.items()
    ]
