"""A subnet that somebody on this machine uses is never taken over."""

import json

import pytest
from dandelion_local.node import network

TABLE = [
    ("an empty machine is free", [], 0),
    (
        "a default route is no obstacle",
        [{"dst": "default", "dev": "eth0", "gateway": "10.0.0.1"}],
        0,
    ),
    ("half of the internet through a VPN is no obstacle", [{"dst": "0.0.0.0/1", "dev": "tun0"}], 0),
    (
        "routes of our own link are what a second start finds",
        [{"dst": "172.30.0.0/24", "dev": network.HOST_DEVICE}],
        0,
    ),
    ("another 172 network is left alone", [{"dst": "172.17.0.0/16", "dev": "docker0"}], 0),
    ("somebody's bridge on our link's range", [{"dst": "172.30.0.0/16", "dev": "br-1"}], 1),
    ("one address inside our link's range", [{"dst": "172.30.0.9", "dev": "wg0"}], 1),
    ("another cluster's pods", [{"dst": "10.244.0.0/16", "dev": "flannel.1"}], 1),
    (
        "an office network that holds pods and services alike",
        [{"dst": "10.0.0.0/8", "dev": "eth0"}],
        2,
    ),
    ("version 6 does not matter", [{"dst": "fd00::/8", "dev": "eth0"}], 0),
    (
        "addresses of this machine itself are in the local table",
        [{"type": "local", "dst": "172.30.0.1", "dev": "x"}],
        0,
    ),
]


@pytest.mark.parametrize(
    ("routes", "expected"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_foreign_routes(routes: list[dict[str, str]], expected: int) -> None:
    found = network.clashes(json.dumps(routes))
    assert len(found) == expected
    for clash in found:
        assert routes[0]["dev"] in str(clash)


def test_the_queue_has_a_reader_once_it_is_listed() -> None:
    other, ours = "  7 4101 0 2 128 0 0 1 1\n", "  100 4102 0 2 128 0 0 1 1\n"
    assert not network.policies_are_enforced("")
    assert not network.policies_are_enforced(other)
    assert network.policies_are_enforced(other + ours)


def test_the_ranges_are_apart_from_each_other() -> None:
    ranges = [network.LINK, network.PODS, network.SERVICES]
    pairs = [(a, b) for a in ranges for b in ranges if a is not b]
    assert not any(a.overlaps(b) for a, b in pairs)
