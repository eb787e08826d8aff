"""The node's first process, run inside the namespaces that `node` opens.

It prepares mounts and network there, starts every component, restarts one that dies, and reaps
what containers leave behind. As process 1 of its PID namespace it takes all of them along when it
ends, which is what makes `down` complete.
"""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from dandelion_local.commands import output
from dandelion_local.node import network
from dandelion_local.node.certificates import NODE_NAME
from dandelion_local.node.components import (
    CGROUP,
    CONTAINERD_SOCKET,
    Component,
    Layout,
    components,
    setting_files,
)

READY_FILE = "supervisor.ready"
# Folders that programs insist on: name → below the state folder, or None for one in memory.
MOUNTS: dict[str, str | None] = {
    "/run": None,
    "/var/lib/cni": None,
    "/var/log": "node-logs",
    "/var/lib/kubelet": "kubelet",
}
SHORTEST_RUN = 1.0
QUEUES = Path("/proc/net/netfilter/nfnetlink_queue")


def cgroup_folders() -> list[Path]:
    """The node's own cgroup in every hierarchy of this machine, version 1 or 2."""
    base = Path("/sys/fs/cgroup")
    if (base / "cgroup.controllers").exists():
        return [base / CGROUP.lstrip("/")]
    found = [entry for entry in base.iterdir() if entry.is_dir() and not entry.is_symlink()]
    return [entry / CGROUP.lstrip("/") for entry in found if (entry / "cgroup.procs").exists()]


def prepare(layout: Layout) -> None:
    """Everything that must be so before the first component starts."""
    output(["mount", "--make-rprivate", "/"])
    socket.sethostname(NODE_NAME)
    for target, source in MOUNTS.items():
        if source is None:
            output(["mount", "-t", "tmpfs", "-o", "mode=0755", "dandelion", target])
        else:
            (layout.state / source).mkdir(parents=True, exist_ok=True)
            output(["mount", "--bind", layout.state / source, target])
    for folder in cgroup_folders():
        folder.mkdir(exist_ok=True)
        _copy_cpuset(folder)
        _take_a_full_share(folder)
    deadline = time.monotonic() + 60
    while not network.device_exists(network.NODE_DEVICE):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the device {network.NODE_DEVICE} did not arrive within 60 s")
        time.sleep(0.02)
    network.configure_node_end()
    network.divert_pods()
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    for name, content in setting_files(layout).items():
        file = layout.settings / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def _copy_cpuset(folder: Path) -> None:
    """In version 1 a new cpuset is empty, and an empty one admits no process."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = folder / name
        if file.exists() and not file.read_text().strip():
            file.write_text((folder.parent / name).read_text())


def _take_a_full_share(folder: Path) -> None:
    """A version 1 group weighs as much as one process: all pods together would, on a busy host."""
    shares = folder / "cpu.shares"
    if shares.exists():
        shares.write_text(str(1024 * (os.cpu_count() or 1)))


class Supervisor:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.running: dict[int, tuple[Component, float]] = {}

    def start(self, component: Component) -> None:
        log = self.layout.logs / f"{component.name}.log"
        with log.open("a") as sink:
            process = subprocess.Popen(
                component.command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
            )
        self.running[process.pid] = (component, time.monotonic())

    def run(self) -> None:
        for component in components(self.layout):
            self.start(component)
            # What follows would end, or sleep for seconds, if it found these not there yet.
            if component.name == "containerd":
                _wait_until(Path(CONTAINERD_SOCKET).exists)
            elif component.name == "kube-apiserver":
                _wait_until(lambda: _api_server_answers("/livez"))
            elif component.name == "kube-proxy":
                _wait_until(lambda: _api_server_answers("/readyz"))
            elif component.name == "kube-network-policies":
                _wait_until(lambda: network.policies_are_enforced(QUEUES.read_text()))
        (self.layout.state / READY_FILE).write_text("")
        while True:
            pid, status = os.wait()
            if pid not in self.running:
                continue
            component, began = self.running.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            print(f"{component.name} ended with {code}; starting it again", flush=True)
            # One that cannot start at all must not take a whole core with trying.
            time.sleep(max(0.0, SHORTEST_RUN - (time.monotonic() - began)))
            self.start(component)


def _wait_until(holds: Callable[[], bool], limit: float = 20.0) -> None:
    deadline = time.monotonic() + limit
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)


def _api_server_answers(path: str) -> bool:
    """Whether a health check passes; its certificate does not matter to process 1."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    server = http.client.HTTPSConnection(network.NODE, network.API_PORT, timeout=1, context=context)
    try:
        server.request("GET", path)
        return server.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        server.close()


def main() -> None:
    state, cache, binaries = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    found = {name: Path(path) for name, path in binaries.items()}
    layout = Layout(Path(state), Path(cache), found)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    layout.logs.mkdir(parents=True, exist_ok=True)
    prepare(layout)
    Supervisor(layout).run()


if __name__ == "__main__":
    main()
