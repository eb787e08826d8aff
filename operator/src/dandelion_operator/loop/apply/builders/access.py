"""Who pods are: training to MLflow, where MLflow asks the cluster who may do what; training and
inference to S3, where they have no key.

Each ModelDeployment's runs have an account of their own, which may write runs and versions in its
namespace and is good for nothing else. The rights are those of a role of the chart's, the only one
that the operator may bind in a namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import RegistryAccess
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod

RBAC = "rbac.authorization.k8s.io"


def service_account(
    resource: Resource, annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """`annotations`: by which its pods reach S3, where they have no key."""
    return _account(resource, naming.inference(resource.key), naming.INFERENCE, annotations)


def training_account(
    resource: Resource, annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return _account(resource, naming.training_account(resource.key), naming.TRAINING, annotations)


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


def _account(
    resource: Resource, name: str, component: str, annotations: Mapping[str, str] | None
) -> dict[str, Any]:
    noted = {"annotations": dict(annotations)} if annotations else {}
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(resource, name, component) | noted,
        "automountServiceAccountToken": False,
    }


def _metadata(resource: Resource, name: str, component: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": resource.namespace,
        "labels": naming.labels(resource.key, component),
        "ownerReferences": [pod.owner_reference(resource)],
    }
