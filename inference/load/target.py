"""Whom a load test may hit: services of one's own, on this machine or in a private network.

A mistyped address must not put load on somebody else's service. Called by `locustfile.py`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

NEAR = [
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
]
Resolve = Callable[[str], list[str]]


def addresses(name: str) -> list[str]:
    return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(name, None)})


def refusal(url: str | None, allowed: bool, resolve: Resolve = addresses) -> str | None:
    """Why there will be no load on this base URL, or None; `allowed` is the user's own word."""
    parts = urlsplit(url or "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{url!r} is no base URL; write it as http://host:port"
    if allowed:
        return None
    try:
        found = resolve(parts.hostname)
    except OSError as error:
        return f"{parts.hostname} cannot be resolved: {error}"
    for address in found:
        if not any(ipaddress.ip_address(address) in network for network in NEAR):
            return (
                f"{parts.hostname} is {address}, outside of this machine and of private networks; "
                f"set ALLOW_HOST=1 if the service there is yours to load"
            )
    return None
