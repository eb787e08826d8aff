"""Services of the API server whose one endpoint is a process of the test's."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from tests.api.server import ApiServer


@cache
def own_address() -> str:
    """This machine's: an EndpointSlice may not hold a loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        # Nothing is sent: the kernel only says from where it would be.
        asking.connect(("198.51.100.1", 9))
        return str(asking.getsockname()[0])


def publish(api: ApiServer, service: Mapping[str, Any], namespace: str, url: str) -> None:
    """The Service as it is made, and in place of its pods whoever listens at `url`'s port."""
    name, (port,) = service["metadata"]["name"], service["spec"]["ports"]
    about = {"name": name, "namespace": namespace, "labels": service["metadata"].get("labels", {})}
    api.apply({**service, "metadata": about}, "--server-side")
    api.apply(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {"kubernetes.io/service-name": name},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [own_address()], "conditions": {"ready": True}}],
            "ports": [{"name": port["name"], "protocol": "TCP", "port": urlsplit(url).port}],
        },
        "--server-side",
    )
