"""What answers at the address of a cloud's metadata service, on the local node: without it, a
connection there fails whatever a policy says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dandelion_local.node import lifecycle

ADDRESS, ROUTER = "169.254.169.254", "169.254.169.1"
#: Behind a link of its own, so that packets to it are forwarded as those to a cloud's are. In a
#: network namespace without a name: `ip netns` mounts the folder over itself in which containerd
#: removes those of pods.
START = f"""set -e
unshare --net sh -c 'set -e
  until ip link show metadata1; do sleep 0.02; done
  ip address add {ADDRESS}/24 dev metadata1
  ip link set metadata1 up
  ip route add default via {ROUTER}
  cd /tmp
  exec python3 -m http.server 80 --bind {ADDRESS}' >/dev/null 2>&1 </dev/null &
pid=$!
while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
ip link add metadata0 type veth peer name metadata1 netns $pid
ip address add {ROUTER}/24 dev metadata0
ip link set metadata0 up
until grep -q ":0050 00000000:0000 0A" /proc/$pid/net/tcp; do sleep 0.02; done
echo $pid
"""


@contextmanager
def metadata_service() -> Iterator[str]:
    """Its address, for as long as the block runs."""
    server = lifecycle.inside("sh", "-c", START).strip()
    try:
        yield ADDRESS
    finally:
        lifecycle.inside("kill", server)
