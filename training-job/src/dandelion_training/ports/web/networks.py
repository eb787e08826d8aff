"""Which IP addresses a pod may fetch from on somebody else's word.

Public ones. Private ones (of RFC 1918 and 6598, and ULA) only where the host was allowed by name;
loopback, link-local, metadata services, multicast and whatever is reserved never. An IPv6 address
that carries an IPv4 one is what it carries, or refused.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PRIVATE = "a private address"
RESERVED = "a reserved address"
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all of IPv6 that is assigned to hosts of the internet


def _networks(*written: str) -> tuple[Network, ...]:
    return tuple(ip_network(network) for network in written)


# The first that holds decides.
_NEVER: Mapping[str, Sequence[Network]] = {
    "an address of a metadata service": _networks(
        "169.254.169.254",  # AWS, Google Cloud, Azure, OpenStack and others
        "169.254.170.2",  # AWS ECS
        "169.254.170.23",  # AWS EKS
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS
        "fd20:ce::254",  # Google Cloud
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure, in a public network
        "192.0.0.192",  # Oracle Cloud
    ),
    "a loopback address": _networks("127.0.0.0/8", "::1"),
    "an unspecified address": _networks("0.0.0.0/8", "::"),
    "a link-local address": _networks("169.254.0.0/16", "fe80::/10"),
    "a site-local address": _networks("fec0::/10"),
    "a multicast address": _networks("224.0.0.0/4", "ff00::/8"),
}
_PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
# What `ipaddress` of some Python takes for global.
_RESERVED = _networks(
    "192.0.0.0/24",
    "192.88.99.0/24",  # relays of 6to4
    "240.0.0.0/4",
    "2001::/23",  # Teredo and other assignments to protocols
    "2001:db8::/32",
    "2002::/16",  # 6to4
    "3fff::/20",
)


def refusal(address: IP, private_allowed: bool) -> str | None:
    """What kind of address it is, where nothing may be fetched from it."""
    meant = carried(address)
    for kind, networks in _NEVER.items():
        if _in(meant, networks):
            return kind
    if _in(meant, _PRIVATE):
        return None if private_allowed else PRIVATE
    if not meant.is_global or meant.is_reserved or _in(meant, _RESERVED):
        return RESERVED
    if isinstance(meant, IPv6Address) and meant not in _GLOBAL_UNICAST:
        return RESERVED
    return None


def carried(address: IP) -> IP:
    """The IPv4 address that packets to this one would reach."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _in(address: IP, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
