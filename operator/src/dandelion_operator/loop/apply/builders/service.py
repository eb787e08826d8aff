"""The Service in front of the inference pods."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod


def service(resource: Resource) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": naming.inference(resource.key),
            "namespace": resource.namespace,
            "labels": naming.labels(resource.key, naming.INFERENCE),
            "annotations": {naming.SERVICE_DIGEST_ANNOTATION: digests.service(resource)},
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "spec": {
            "selector": naming.inference_selector(resource.key),
            # Callers only: probes and metrics are asked of the pods themselves.
            "ports": [
                {
                    "name": "http",
                    "port": 80,
                    "targetPort": naming.HTTP_PORT,
                    "protocol": "TCP",
                }
            ],
        },
    }
