"""Who the inference pods are to the API server, and who of them may ask it who calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dandelion_operator import naming
from dandelion_operator.builders import pod
from dandelion_operator.resource import Key, Resource

RBAC = "rbac.authorization.k8s.io"


def service_account(resource: Resource) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": naming.inference(resource.key),
            "namespace": resource.namespace,
            "labels": naming.labels(resource.key, naming.INFERENCE),
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "automountServiceAccountToken": False,
    }


def token_reviewers(binding: str, keys: Iterable[Key]) -> dict[str, Any]:
    """Only the subjects: the binding itself, with the role it names, is the chart's."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": binding},
        "subjects": [subject(key) for key in sorted(keys, key=str)],
    }


def subject(key: Key) -> dict[str, str]:
    return {
        "kind": "ServiceAccount",
        "name": naming.inference(key),
        "namespace": key.namespace,
    }
