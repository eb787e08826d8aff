"""An API server with its etcd and nothing else, on loopback: schemas, CEL, RBAC, admission.

There is no kubelet and no controller, so nothing runs; that is what the end-to-end tests are for.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from dandelion_local import tools
from dandelion_local.node.components import AUDIT_LOG, audit_policy

from tests.api.rules import Rules

ADMIN_TOKEN = "administrator"
SERVICES = "10.96.0.0/24"
START_SECONDS = 90
WRITES = {"create", "delete", "patch"}
ETCD_BYTES = 8 << 30  # ten thousand resources and their children, with what is not compacted yet


class KubectlError(Exception):
    """What a person sees when kubectl refuses."""


@dataclass
class ApiServer:
    """A running API server and the ways in which the tests talk to it."""

    port: int
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def authority(self) -> Path:
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def rules(self) -> Rules:
        return Rules(f"https://127.0.0.1:{self.port}", self.authority, ADMIN_TOKEN)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints. What it writes of roles and bindings holds when this returns.

        Raises:
            KubectlError: with what it prints when the server refuses.
        """
        done = subprocess.run(
            [str(tools.path("kubectl")), "--kubeconfig", str(self.kubeconfig), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise KubectlError(done.stdout + done.stderr)
        if _may_write_roles(arguments):
            self.rules.await_roles()
        return done.stdout

    def get(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, manifest: Mapping[str, Any] | str, *options: str) -> str:
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        return self.kubectl("apply", *options, "-f", "-", stdin=text)

    def may(self, who: str, verb: str, what: str, namespace: str = "default") -> bool:
        """Whether RBAC lets a ServiceAccount (NAMESPACE:NAME) or user do something.

        `what` is RESOURCE, RESOURCE/NAME, or RESOURCE:SUBRESOURCE.
        """
        resource, _, part = what.partition(":")
        asked = [verb, resource, *([f"--subresource={part}"] if part else [])]
        user = f"system:serviceaccount:{who}" if ":" in who else who
        try:
            answer = self.kubectl("auth", "can-i", *asked, "--as", user, "-n", namespace)
        except KubectlError as refusal:
            answer = str(refusal)
        return answer.strip().splitlines()[-1] == "yes"


def _may_write_roles(arguments: Sequence[str]) -> bool:
    """By what kubectl is told; what it applies may hold anything."""
    words = " ".join(arguments)
    written = arguments[0] == "apply" or (arguments[0] in WRITES and "role" in words)
    return written and "--dry-run" not in words


# Bound, not listening: nobody else is given the port meanwhile, and a server that sets
# SO_REUSEADDR, as they all do, may have it (socket(7)).
_KEPT: list[socket.socket] = []


def free_ports(count: int) -> list[int]:
    """Of the loopback, and this process's for as long as it lives: what is to listen there may take
    its time to start, while others are given ports and connect."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", 0))
    _KEPT.extend(sockets)
    return [int(one.getsockname()[1]) for one in sockets]


@contextmanager
def running(
    folder: Path, services: str = SERVICES, options: Sequence[str] = ()
) -> Iterator[ApiServer]:
    """`services`: from where Services get their addresses; `options`: further flags."""
    port, store, peer = free_ports(3)
    server = ApiServer(port, folder)
    try:
        _start(server, "etcd", _etcd(folder, store, peer))
        _service_account_key(folder)
        (folder / "tokens.csv").write_text(f'{ADMIN_TOKEN},admin,1,"system:masters"\n')
        (folder / "audit.yml").write_text(json.dumps(audit_policy()))
        flags = [*_apiserver(folder, port, store, services), *options]
        _start(server, "kube-apiserver", flags)
        _await(server)
        server.kubeconfig.write_text(json.dumps(_kubeconfig(server)))
        yield server
    finally:
        for process in reversed(server.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(server: ApiServer, name: str, arguments: Sequence[str]) -> None:
    with (server.folder / f"{name}.log").open("wb") as log:
        server.processes.append(
            subprocess.Popen(
                [str(tools.path(name)), *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=server.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(server.folder)},
            )
        )


def _etcd(folder: Path, port: int, peer: int) -> list[str]:
    own, others = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    return [
        *("--data-dir", str(folder / "etcd")),
        *("--listen-client-urls", own, "--advertise-client-urls", own),
        *("--listen-peer-urls", others, "--initial-advertise-peer-urls", others),
        *("--initial-cluster", f"default={others}", "--unsafe-no-fsync"),
        f"--quota-backend-bytes={ETCD_BYTES}",
    ]


def _service_account_key(folder: Path) -> None:
    subprocess.run(
        ["openssl", "genrsa", "-out", str(folder / "accounts.key"), "2048"],
        check=True,
        capture_output=True,
        timeout=60,
    )


def _apiserver(folder: Path, port: int, store: int, services: str) -> list[str]:
    key = str(folder / "accounts.key")
    return [
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        f"--audit-policy-file={folder / 'audit.yml'}",
        f"--audit-log-path={folder / AUDIT_LOG}",
        f"--service-cluster-ip-range={services}",
    ]


def _await(server: ApiServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for process in server.processes:
            if process.poll() is not None:
                raise RuntimeError(_logs(server.folder))
        try:
            trusted = ssl.create_default_context(cafile=str(server.authority))
            with httpx.Client(verify=trusted, trust_env=False) as client:
                answer = client.get(
                    f"https://127.0.0.1:{server.port}/readyz",
                    headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
                )
            if answer.is_success:
                return
        except (httpx.HTTPError, OSError):
            pass
        time.sleep(0.2)
    raise RuntimeError(_logs(server.folder))


def _logs(folder: Path) -> str:
    logs = sorted(folder.glob("*.log"))
    return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in logs)


def _kubeconfig(server: ApiServer) -> Mapping[str, Any]:
    authority = base64.b64encode(server.authority.read_bytes()).decode()
    cluster = {
        "server": f"https://127.0.0.1:{server.port}",
        "certificate-authority-data": authority,
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": ADMIN_TOKEN}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
