"""Whom the pods of a ModelDeployment reach over the network, and who reaches them.

The installation says it in parts, in the form of a NetworkPolicy's rules and peers; which of these
a resource takes follows from its spec. Pure; asked by `location`, which carries what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from dandelion_operator.api import naming
from dandelion_operator.api.access.endpoints import Endpoints, network_of
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.serving import Auth

# NAME.NAMESPACE.svc, with or without the cluster's domain.
SERVICE_HOST = re.compile(r"[^.]+\.([^.]+)\.svc(\..*)?")
PORTS = {"http": 80, "https": 443}

Rules = tuple[dict[str, Any], ...]


class Network(BaseModel):
    """Rules of `egress` for training, for serving, and for pods that ask about callers' tokens;
    peers that read metrics, that call (none: everybody), that are an S3 endpoint outside of the
    cluster, and that are the internet. All of it empty: no policies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    training: Rules = ()
    serving: Rules = ()
    asking: Rules = ()
    metrics: Rules = ()
    callers: Rules = ()
    outside: Rules = ()
    internet: Rules = ()

    @property
    def enabled(self) -> bool:
        return bool(self.training)


def policy_specs(
    resource: Resource, network: Network, endpoints: Endpoints
) -> Mapping[str, dict[str, Any]]:
    """By component; none where they are not wanted. `endpoints` says where an S3 endpoint of the
    resource's own may be.
    """
    if not network.enabled:
        return {}
    components = (naming.TRAINING, naming.INFERENCE)
    return {name: _spec(resource, name, network, endpoints) for name in components}


def _spec(
    resource: Resource, component: str, network: Network, endpoints: Endpoints
) -> dict[str, Any]:
    metrics = {"ports": [{"port": naming.METRICS_PORT, "protocol": "TCP"}]}
    scraped = {**metrics, "from": list(network.metrics)}
    if component == naming.TRAINING:
        ingress = [scraped]
        egress = [*network.training, *_addresses(resource, network)]
    else:
        callers = {"from": list(network.callers)} if network.callers else {}
        ports = [{"port": naming.HTTP_PORT, "protocol": "TCP"}]
        ingress = [{"ports": ports, **callers}, scraped]
        egress = list(network.serving)
        if resource.spec.serving.auth is Auth.CLUSTER_TOKENS:
            egress += network.asking
    if resource.spec.storage.endpoint is not None:
        egress += _endpoint(resource.spec.storage.endpoint, network, endpoints)
    return {
        "podSelector": {"matchLabels": naming.component_selector(resource.key, component)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": egress,
    }


def _addresses(resource: Resource, network: Network) -> list[dict[str, Any]]:
    """Where the images of a table of addresses may be: private networks where a host is named."""
    urls = resource.spec.dataset.urls
    if urls is None:
        return []
    services = [
        _of_service(found[1])
        for host in urls.allowed_hosts
        if (found := SERVICE_HOST.fullmatch(host.partition(":")[0]))
    ]
    somewhere = network.outside if urls.allowed_hosts else network.internet
    return [{"to": list(somewhere), "ports": [{"protocol": "TCP"}]}, *services]


def _endpoint(url: str, network: Network, endpoints: Endpoints) -> list[dict[str, Any]]:
    """Nothing where it may not be, or is no address: the condition Accepted says so."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    except ValueError:
        return []
    service = SERVICE_HOST.fullmatch(host)
    if service is not None:
        return [_of_service(service[1])]
    ports, address = [{"port": port, "protocol": "TCP"}], network_of(host)
    if address is None:
        return [{"to": list(network.outside), "ports": ports}]
    if endpoints.refusal(host, host) is not None:
        return []
    return [{"to": [{"ipBlock": {"cidr": str(address)}}], "ports": ports}]


def _of_service(namespace: str) -> dict[str, Any]:
    """A Service says nothing of the port of its pods."""
    labels: Mapping[str, str] = {"kubernetes.io/metadata.name": namespace}
    return {"to": [{"namespaceSelector": {"matchLabels": labels}}]}
