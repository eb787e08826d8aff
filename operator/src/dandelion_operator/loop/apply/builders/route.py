"""What leads from outside to the Service: an HTTPRoute from the Gateway, an Ingress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.access.routes import IngressRule, RouteRule
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod


def http_route(resource: Resource, rule: RouteRule) -> dict[str, Any]:
    digest = digests.route(resource, rule)
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": _metadata(resource, rule.annotations, digest),
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


def ingress(resource: Resource, rule: IngressRule) -> dict[str, Any]:
    service = {"name": naming.inference(resource.key), "port": {"name": "http"}}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": service}}
    certificates = rule.certificates(resource.key)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": _metadata(resource, rule.annotations, digests.ingress(resource, rule)),
        "spec": {
            **({"ingressClassName": rule.class_name} if rule.class_name else {}),
            **({"tls": [dict(item) for item in certificates]} if certificates else {}),
            "rules": [
                {"host": host, "http": {"paths": [path]}} for host in rule.names(resource.key)
            ],
        },
    }


def _metadata(resource: Resource, annotations: Mapping[str, str], digest: str) -> dict[str, Any]:
    return {
        "name": naming.inference(resource.key),
        "namespace": resource.namespace,
        "labels": naming.labels(resource.key, naming.INFERENCE),
        "annotations": {**annotations, naming.ROUTE_DIGEST_ANNOTATION: digest},
        "ownerReferences": [pod.owner_reference(resource)],
    }
