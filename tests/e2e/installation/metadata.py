"""What answers at the address of a cloud's metadata service, on the local node: without it, a
connection there fails whatever a policy says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dandelion_local.node import lifecycle

ADDRESS, ROUTER = "169.254.169.254", "169.254.169.1"
NAME = "metadata"
#: Behind a link of its own, so that packets to it are forwarded as those to a cloud's are.
START = f"""set -e
ip netns add {NAME}
ip link add metadata0 type veth peer name metadata1 netns {NAME}
ip address add {ROUTER}/24 dev metadata0
ip link set metadata0 up
ip -n {NAME} address add {ADDRESS}/24 dev metadata1
ip -n {NAME} link set metadata1 up
ip -n {NAME} route add default via {ROUTER}
cd /tmp
ip netns exec {NAME} python3 -m http.server 80 --bind {ADDRESS} >/dev/null 2>&1 </dev/null &
"""
STOP = f"ip netns pids {NAME} | xargs -r kill; ip netns del {NAME}"


@contextmanager
def metadata_service() -> Iterator[str]:
    """Its address, for as long as the block runs."""
    lifecycle.inside("sh", "-c", START)
    try:
        yield ADDRESS
    finally:
        lifecycle.inside("sh", "-c", STOP)
