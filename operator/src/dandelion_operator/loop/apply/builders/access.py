"""Who pods are: inference to the API server, where it has to ask it who calls; training to MLflow,
where MLflow asks the cluster who may do what.

Each ModelDeployment's runs have an account of their own, which may write runs and versions in its
namespace and is good for nothing else. The rights are those of a role of the chart's, the only one
that the operator may bind in a namespace.
"""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import RegistryAccess
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod

RBAC = "rbac.authorization.k8s.io"


def service_account(resource: Resource) -> dict[str, Any]:
    return _account(resource, naming.inference(resource.key), naming.INFERENCE)


def training_account(resource: Resource) -> dict[str, Any]:
    return _account(resource, naming.training_account(resource.key), naming.TRAINING)


def training_binding(resource: Resource, access: RegistryAccess, account: str) -> dict[str, Any]:
    """`account` is that of the Job's pods: a podTemplate may name another one."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": _metadata(resource, naming.training_account(resource.key), naming.TRAINING),
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": access.training_role},
        "subjects": [
            {"kind": "ServiceAccount", "name": account, "namespace": resource.namespace},
        ],
    }


def _account(resource: Resource, name: str, component: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(resource, name, component),
        "automountServiceAccountToken": False,
    }


def _metadata(resource: Resource, name: str, component: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": resource.namespace,
        "labels": naming.labels(resource.key, component),
        "ownerReferences": [pod.owner_reference(resource)],
    }
