"""Which IP addresses are never fetched from, which only by name, and which always."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from dandelion_training.ports.web.networks import refusal
from hypothesis import given, settings
from hypothesis import strategies as st

NEVER = {
    "metadata": [
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
    ],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"],
    "link-local": ["169.254.1.1", "fe80::1", "fe80::1%eth0", "febf::1", "::ffff:169.254.1.1"],
    "site-local": ["fec0::1", "feff::1"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "reserved": [
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "240.0.0.1",
        "255.255.255.255",
        "::127.0.0.1",  # IPv4-compatible
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",  # IPv4-translated
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "2002:a9fe:a9fe::",
        "2002:808:808::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
        "64:ff9b:1::a00:1",  # NAT64 of somebody's own
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "e000::1",
    ],
}
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "fc00::1",
    "fd12:3456:789a::1",
    "::ffff:10.0.0.1",
    "64:ff9b::c0a8:101",
]
PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize(
    ("written", "kind"), [(ip, kind) for kind, found in NEVER.items() for ip in found]
)
@pytest.mark.parametrize("allowed", [True, False], ids=["allowed by name", "not allowed by name"])
def test_an_address_of_the_machine_or_its_link_is_never_fetched_from(
    written: str, kind: str, allowed: bool
) -> None:
    assert kind in (refusal(ip_address(written), private_allowed=allowed) or "")


@pytest.mark.parametrize("written", PRIVATE)
def test_a_private_address_is_fetched_from_where_its_host_is_named(written: str) -> None:
    assert refusal(ip_address(written), private_allowed=False) == "a private address"
    assert refusal(ip_address(written), private_allowed=True) is None


@pytest.mark.parametrize("written", PUBLIC)
def test_a_public_address_is_fetched_from(written: str) -> None:
    assert refusal(ip_address(written), private_allowed=False) is None


@given(st.ip_addresses(v=4))
@settings(deadline=None)
def test_an_ipv4_address_is_judged_the_same_in_each_ipv6_form_that_reaches_it(
    address: IPv4Address,
) -> None:
    number = int(address)
    mapped = IPv6Address((0xFFFF << 32) | number)
    nat64 = IPv6Address((0x64FF9B << 96) | number)
    for allowed in (True, False):
        plain = refusal(address, private_allowed=allowed)
        assert refusal(mapped, private_allowed=allowed) == plain
        assert refusal(nat64, private_allowed=allowed) == plain


@given(st.ip_addresses())
@settings(deadline=None)
def test_what_python_does_not_take_for_global_is_not_fetched_from(
    address: IPv4Address | IPv6Address,
) -> None:
    if refusal(address, private_allowed=False) is None:
        assert (
            address.is_global
            or getattr(address, "ipv4_mapped", None)
            or "64:ff9b::" in str(address)
        )
        assert not address.is_multicast
        assert not address.is_loopback
        assert not address.is_link_local
        assert not address.is_unspecified
