"""To which addresses the operator goes on somebody's word, as a table."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import given
import pytest
from dandelion_operator.api.access.endpoints import Endpoints
from dandelion_operator.api.location import location

API = Endpoints(api_server="10.96.0.1", cluster=("10.244.0.0/16", "fd10::/64"))


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("169.254.169.254", "a metadata service"),
        ("::ffff:169.254.169.254", "a metadata service"),
        ("64:ff9b::a9fe:a9fe", "a metadata service"),
        ("fd00:ec2::254", "a metadata service"),
        ("100.100.100.200", "a metadata service"),
        ("127.0.0.1", "a loopback address"),
        ("127.8.8.8", "a loopback address"),
        ("::1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("0.0.0.0", "an unspecified address"),
        ("::", "an unspecified address"),
        ("169.254.1.1", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("fe80::1%eth0", "a link-local address"),
        ("224.0.0.1", "a multicast address"),
        ("10.96.0.1", "the API server"),
        ("10.244.3.4", "an address of the cluster"),
        ("::ffff:10.244.3.4", "an address of the cluster"),
        ("fd10::7", "an address of the cluster"),
        ("10.96.0.2", None),
        ("192.168.1.10", None),
        ("fd12::1", None),
        ("52.95.110.1", None),
    ],
)
def test_an_address_is_closed(address: str, kind: str | None) -> None:
    assert API.refusal("s3.example.com", address) == kind


@pytest.mark.parametrize(
    ("allowed", "address", "is_open"),
    [
        (("127.0.0.0/8",), "127.0.0.1", True),
        (("127.0.0.0/8",), "169.254.169.254", False),
        (("minio.example.com",), "127.0.0.1", True),
        (("other.example.com",), "127.0.0.1", False),
        (("10.96.0.1",), "10.96.0.1", True),
        (("minio.example.com",), "10.244.3.4", True),
        (("10.244.3.4/32",), "10.244.3.4", True),
        (("10.244.3.4/32",), "10.244.3.5", False),
    ],
)
def test_the_installation_may_open_it(
    allowed: tuple[str, ...], address: str, is_open: bool
) -> None:
    found = replace(API, allowed=allowed).refusal("MinIO.example.com", address)
    assert (found is None) is is_open


ADDRESSES = [
    *("169.254.169.254", "127.0.0.1", "127.0.0.2", "::1", "10.96.0.1", "10.96.0.2", "10.244.3.4"),
    *("10.244.4.4", "fd10::7", "fd00:ec2::254", "fd12::1", "52.95.110.1"),
]
ALLOWED = [
    (),
    ("other.example.com", "10.96.0.1"),
    ("10.244.3.0/24", "127.0.0.1"),
    ("10.0.0.0/8", "fd00::/8"),
    ("0.0.0.0/0", "::/0"),
    ("minio.example.com",),
]


@pytest.mark.parametrize("allowed", ALLOWED, ids=str)
def test_closed_networks_are_those_of_the_addresses_that_are_refused(
    allowed: tuple[str, ...],
) -> None:
    endpoints = replace(API, allowed=allowed)
    networks = endpoints.closed("https://MinIO.example.com:9000")
    for edge in {address for network in networks for address in (network[0], network[-1])}:
        assert endpoints.refusal("minio.example.com", str(edge)) is not None
    for address in ADDRESSES:
        refused = endpoints.refusal("minio.example.com", address) is not None
        assert any(ip_address(address) in network for network in networks) is refused, address


def test_what_is_no_url_has_closed_networks_too() -> None:
    assert API.closed("http://[::1") == API.closed("http://s3.example.com")


def test_the_endpoint_of_the_installation_may_be_anywhere() -> None:
    storage = {"endpoint": "http://minio", "secretRef": {"name": "mine"}}
    defaults = replace(given.DEFAULTS, endpoints=API)
    assert location(given.resource(), defaults).endpoints is None
    assert location(given.resource(storage=storage), defaults).endpoints == API
