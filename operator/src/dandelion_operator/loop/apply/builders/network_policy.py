"""Whom the pods of one component may reach, and who may reach them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod


def network_policy(resource: Resource, component: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": naming.network_policy(resource.key, component),
            "namespace": resource.namespace,
            "labels": naming.labels(resource.key, component),
            "annotations": {naming.POLICY_DIGEST_ANNOTATION: digests.digest(spec)},
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "spec": spec,
    }
