"""The copy of the chart's S3 keys that lies next to a resource, one for each purpose."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod
from dandelion_operator.ports.s3.credentials import Credentials, encoded


def credentials_secret(
    resource: Resource, purpose: str, credentials: Credentials
) -> dict[str, Any]:
    name = {
        naming.TRAINING: naming.training_secret,
        naming.INFERENCE: naming.inference_secret,
        naming.LOG: naming.log_secret,
    }[purpose](resource.key)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": name,
            "namespace": resource.namespace,
            "labels": naming.labels(resource.key, purpose),
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "data": encoded(credentials),
    }
