"""Proves on a real machine that `down` leaves nothing behind; run it as root while no node is up.

``PYTHONPATH=k8s/local python3 k8s/local/tests/check_down.py``

Twice it notes what the machine has, starts the node with a pod, a volume and a published port on
it, takes it away, and compares: once with `down`, once after the node was killed as a crash would.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from dandelion_local import cluster, places
from dandelion_local.commands import output
from dandelion_local.images import catalogue
from dandelion_local.node import lifecycle

WORKLOAD = f"""
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: scratch}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: visitor, labels: {{app: visitor}}}}
spec:
  containers:
    - name: visitor
      image: {catalogue.BUSYBOX}
      command: [sh, -c, "touch /data/here && sleep 3600"]
      ports: [{{containerPort: 8080, hostPort: 8080}}]
      resources: {{limits: {{memory: 32Mi}}}}
      volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: scratch}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: visitor}}
spec: {{type: NodePort, selector: {{app: visitor}}, ports: [{{port: 80, targetPort: 8080}}]}}
"""


def processes() -> set[str]:
    """Processes of a node: in another network namespace, or run from where the tools lie."""
    own = Path("/proc/self/ns/net").readlink()
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            elsewhere = (entry / "ns" / "net").readlink() != own
        except OSError:
            continue
        if elsewhere or str(places.cache() / "tools") in command or "containerd-shim" in command:
            found.add(f"{entry.name} {command[:80]}")
    return found


def folders(base: Path) -> set[str]:
    return {folder for folder, _, _ in os.walk(base)}


def snapshot() -> dict[str, set[str]]:
    def lines(*command: str) -> set[str]:
        text = output(command, timeout=20).splitlines()
        return {line for line in text if not line.startswith(("#", ":"))}

    return {
        "links": {line.split()[1] for line in lines("ip", "-oneline", "link")},
        "addresses": lines("ip", "-oneline", "-4", "address"),
        "routes": lines("ip", "route", "show", "table", "all"),
        "iptables rules": lines("iptables-save"),
        "mounts": {
            line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()
        },
        "network namespaces": lines("ip", "netns", "list"),
        "cgroups": folders(Path("/sys/fs/cgroup")),
        "processes": processes(),
        "folders": {
            str(path) for path in (Path("/var/lib"), Path("/run")) for path in path.iterdir()
        }
        | ({str(places.state())} if places.state().exists() else set()),
        "kernel settings": lines("sysctl", "net.ipv4.ip_forward"),
    }


def crash() -> None:
    root = lifecycle.running()
    assert root is not None
    os.kill(root, signal.SIGKILL)
    cluster.down()


def check(title: str, end: Callable[[], None]) -> bool:
    before = snapshot()
    cluster.up()
    lifecycle.kubectl("apply", "-f", "-", stdin=WORKLOAD)
    lifecycle.kubectl("wait", "--for=condition=Ready", "pod/visitor", "--timeout=240s", timeout=270)
    during = snapshot()
    assert during["links"] > before["links"], "the node was not really up"
    assert during["processes"] > before["processes"], "the node was not really up"
    end()
    after = snapshot()
    good = True
    for what, had in before.items():
        left = (
            {entry for entry in after[what] - had if "dandelion" in entry}
            if (what in ("cgroups", "folders"))
            else after[what] - had
        )
        for entry in sorted(left):
            good = False
            print(f"{title}: left behind, {what}: {entry}")
        for entry in sorted(had - after[what]) if what in ("routes", "iptables rules") else ():
            good = False
            print(f"{title}: taken away, {what}: {entry}")
    print(f"{title}: {'nothing is left behind' if good else 'FAILED'}")
    return good


def main() -> int:
    if lifecycle.running() is not None:
        print("a node is up and may be in use; take it down first", file=sys.stderr)
        return 2
    subprocess.run(["sync"], check=True)
    results = [check("down", cluster.down), check("killed, then down", crash)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
