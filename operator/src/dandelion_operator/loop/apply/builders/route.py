"""The HTTPRoute from the installation's Gateway to the Service."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.access.routes import RouteRule
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod


def http_route(resource: Resource, rule: RouteRule) -> dict[str, Any]:
    noted = {naming.ROUTE_DIGEST_ANNOTATION: digests.route(resource, rule)}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {
            "name": naming.inference(resource.key),
            "namespace": resource.namespace,
            "labels": naming.labels(resource.key, naming.INFERENCE),
            "annotations": {**rule.annotations, **noted},
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "spec": {
            "parentRefs": [dict(parent) for parent in rule.parent_refs],
            "hostnames": list(rule.names(resource.key)),
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [{"name": naming.inference(resource.key), "port": 80}],
                }
            ],
        },
    }
