"""The PodDisruptionBudget of the serving pods, where there are two and more."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod


def disruption_budget(resource: Resource) -> dict[str, Any]:
    """A node that is drained waits for one pod after the other; pods that serve nothing may go."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {
            "name": naming.inference(resource.key),
            "namespace": resource.namespace,
            "labels": naming.labels(resource.key, naming.INFERENCE),
            "annotations": {naming.BUDGET_DIGEST_ANNOTATION: digests.budget(resource)},
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "spec": {
            "maxUnavailable": digests.MAX_UNAVAILABLE,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": naming.inference_selector(resource.key)},
        },
    }
