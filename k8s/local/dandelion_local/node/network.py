"""The addresses of the local cluster and the one link between it and this machine.

A veth pair joins the node's network namespace to the host; routes through it make pod and service
addresses reachable from here. The checks run before anything is touched, because taking over a
subnet that somebody uses would cut them off.
"""

import ipaddress
import json
from dataclasses import dataclass

from dandelion_local.commands import SetupError, output

HOST = "172.30.0.1"
NODE = "172.30.0.2"
LINK = ipaddress.ip_network("172.30.0.0/24")
PODS = ipaddress.ip_network("10.244.0.0/24")
SERVICES = ipaddress.ip_network("10.96.0.0/16")
API_SERVICE = str(SERVICES[1])
DNS_SERVICE = str(SERVICES[10])
HOST_DEVICE = "dandelion0"
NODE_DEVICE = "dandelion1"
REGISTRY_PORT = 5000
REGISTRY = f"{NODE}:{REGISTRY_PORT}"
API_PORT = 6443
POLICY_QUEUE = 100
API_SERVER = f"https://{NODE}:{API_PORT}"


@dataclass(frozen=True)
class Clash:
    """Something on this machine that uses an address range of the cluster."""

    wanted: str
    found: str
    device: str

    def __str__(self) -> str:
        return f"{self.wanted} is needed, but {self.device} already has {self.found}"


def clashes(routes: str) -> list[Clash]:
    """What ``ip -json route show table all`` holds that overlaps with the cluster's ranges."""
    found = []
    for route in json.loads(routes or "[]"):
        destination, device = route.get("dst", "default"), route.get("dev", "")
        if destination == "default" or device in (HOST_DEVICE, "lo") or ":" in destination:
            continue
        if route.get("type") in ("broadcast", "local", "multicast"):
            continue
        network = ipaddress.ip_network(destination, strict=False)
        for wanted in (LINK, PODS, SERVICES):
            # Routes this wide are default routes in disguise (0.0.0.0/1 of a VPN), not subnets.
            if network.overlaps(wanted) and network.prefixlen >= 8:
                found.append(Clash(str(wanted), destination, device or route.get("type", "?")))
    return found


def check() -> None:
    problems = clashes(output(["ip", "-json", "route", "show", "table", "all"]))
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise SetupError(f"the local cluster's addresses are taken on this machine:\n{listed}")


def device_exists(name: str = HOST_DEVICE) -> bool:
    return any(link.get("ifname") == name for link in json.loads(output(["ip", "-json", "link"])))


def attach(pid: int) -> None:
    """Makes the pair, gives one end to the namespace of `pid`, and routes the ranges to it."""
    if device_exists():
        output(["ip", "link", "del", HOST_DEVICE])
    peer = ["peer", "name", NODE_DEVICE, "netns", str(pid)]
    output(["ip", "link", "add", HOST_DEVICE, "type", "veth", *peer])
    output(["ip", "address", "add", f"{HOST}/{LINK.prefixlen}", "dev", HOST_DEVICE])
    output(["ip", "link", "set", HOST_DEVICE, "up"])
    for ranges in (PODS, SERVICES):
        output(["ip", "route", "add", str(ranges), "via", NODE, "dev", HOST_DEVICE])


def detach() -> None:
    """The routes go with the device, and the device's other end with it."""
    if device_exists():
        output(["ip", "link", "del", HOST_DEVICE])


def configure_node_end() -> None:
    """Called inside the node's namespaces once its end of the pair has arrived."""
    output(["ip", "link", "set", "lo", "up"])
    output(["ip", "address", "add", f"{NODE}/{LINK.prefixlen}", "dev", NODE_DEVICE])
    output(["ip", "link", "set", NODE_DEVICE, "up"])
    output(["ip", "route", "add", "default", "via", HOST, "dev", NODE_DEVICE])


def policy_rules() -> list[list[str]]:
    """What hands the first packet of each of a pod's connections to kube-network-policies, as
    arguments of iptables: its own nftables rules ask for more than every kernel has.

    Those to the node itself, where the API server is, among them; from the node's own programs,
    as probes are, none. While nobody reads the queue, none passes.
    """
    chain, known = "DANDELION-POLICIES", ["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED"]
    own = ["-m", "owner", "--uid-owner", "0"]
    return [
        ["-N", chain],
        ["-A", chain, *known, "-j", "RETURN"],
        ["-A", chain, "-j", "NFQUEUE", "--queue-num", str(POLICY_QUEUE)],
        ["-A", "INPUT", "-s", str(PODS), "-j", chain],
        ["-A", "POSTROUTING", *own, "-j", "RETURN"],
        ["-A", "POSTROUTING", "-s", str(PODS), "-j", chain],
        ["-A", "POSTROUTING", "-d", str(PODS), "-j", chain],
    ]


def divert_pods() -> None:
    """Called inside the node's namespaces before there are pods."""
    for rule in policy_rules():
        output(["iptables", "-w", "-t", "mangle", *rule])


def policies_are_enforced(queues: str) -> bool:
    """Whether ``/proc/net/netfilter/nfnetlink_queue``, a queue a line, has a reader of ours."""
    return any(line.split()[0] == str(POLICY_QUEUE) for line in queues.splitlines())
