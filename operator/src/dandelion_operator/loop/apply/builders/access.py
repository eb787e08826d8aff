"""Who the inference pods are to the API server, where they have to ask it who calls."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod


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
