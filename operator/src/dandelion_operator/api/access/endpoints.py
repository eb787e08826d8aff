"""To which addresses Dandelion goes on somebody's word: those of `spec.storage.endpoint`.

Never to itself, to what only the node can see (metadata services among it), to the API server, or
into the cluster's own ranges where they are told, unless the installation names it. Pure; the
operator asks `refusal` for each address that a name was resolved to, at the moment at which it is
connected to, and tells its pods the networks of `closed`, who do the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeVar
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
Same = TypeVar("Same", IPv4Network, IPv6Network)


def _networks(*written: str) -> tuple[Network, ...]:
    return tuple(ip_network(network) for network in written)


# The first that holds is told.
CLOSED: Mapping[str, Sequence[Network]] = {
    "a metadata service": _networks(
        "169.254.169.254",  # AWS, Google Cloud, Azure, OpenStack and others
        "169.254.170.2",  # AWS ECS
        "169.254.170.23",  # AWS EKS
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS
        "fd20:ce::254",  # Google Cloud
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure
        "192.0.0.192",  # Oracle Cloud
    ),
    "a loopback address": _networks("127.0.0.0/8", "::1"),
    "an unspecified address": _networks("0.0.0.0/8", "::"),
    "a link-local address": _networks("169.254.0.0/16", "fe80::/10"),
    "a multicast address": _networks("224.0.0.0/4", "ff00::/8"),
}
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052


@dataclass(frozen=True)
class Endpoints:
    """`allowed` are hosts and networks in CIDR form, `cluster` networks of its pods, Services and
    nodes; `api_server` is its address in the cluster.
    """

    allowed: tuple[str, ...] = ()
    api_server: str = ""
    cluster: tuple[str, ...] = ()

    def refusal(self, host: str, address: str) -> str | None:
        """What the address is, where nobody is to be let there."""
        meant = _carried(ip_address(address.partition("%")[0]))
        if host.lower() in self.allowed or any(meant in network for network in _all(self.allowed)):
            return None
        if self.api_server and meant == _carried(ip_address(self.api_server)):
            return "the API server"
        for kind, networks in CLOSED.items():
            if any(meant in network for network in networks):
                return kind
        if any(meant in network for network in _all(self.cluster)):
            return "an address of the cluster"
        return None

    def closed(self, url: str) -> list[Network]:
        """Every network that is refused to the host of this URL; none where it is allowed."""
        if _host(url) in self.allowed:
            return []
        own = [_network(_carried(ip_address(self.api_server)))] if self.api_server else []
        always = [network for networks in CLOSED.values() for network in networks]
        closed = [*own, *always, *_all(self.cluster)]
        for allowed in _all(self.allowed):
            closed = [left for network in closed for left in _without(network, allowed)]
        return closed


def _all(written: Sequence[str]) -> tuple[Network, ...]:
    return tuple(filter(None, map(network_of, written)))


def network_of(written: str) -> Network | None:
    """None: it is the name of a host."""
    try:
        return ip_network(written)
    except ValueError:
        return None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _network(address: IPv4Address | IPv6Address) -> Network:
    return ip_network(str(address))


def _without(network: Network, allowed: Network) -> Sequence[Network]:
    if isinstance(network, IPv4Network) and isinstance(allowed, IPv4Network):
        return _rest(network, allowed)
    if isinstance(network, IPv6Network) and isinstance(allowed, IPv6Network):
        return _rest(network, allowed)
    return [network]


def _rest(network: Same, allowed: Same) -> Sequence[Same]:
    if network.subnet_of(allowed):
        return []
    return sorted(network.address_exclude(allowed)) if allowed.subnet_of(network) else [network]


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that packets to this one would reach."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
