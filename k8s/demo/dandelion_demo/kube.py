"""kubectl and helm, aimed at one cluster, and a way to reach its services from this machine."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dandelion_local.commands import SetupError, output

FORWARD_SECONDS = 30


@dataclass(frozen=True)
class Cluster:
    """One cluster as kubectl sees it.

    `kubeconfig` is None for the user's own configuration; `routable` says that service addresses
    can be reached from this machine as they are, which holds for the project's own local node.
    """

    kubectl: Path
    helm: Path
    kubeconfig: Path | None
    context: str | None
    routable: bool

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        """What `kubectl arguments` prints; raises SetupError with kubectl's own words."""
        return output(
            [self.kubectl, *self._target("--context"), *arguments], stdin=stdin, timeout=timeout
        )

    def get(self, *arguments: str) -> Any:
        """`kubectl get arguments -o json`, parsed."""
        return json.loads(self.run("get", *arguments, "-o", "json"))

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """A Secret's values, decoded."""
        data = self.get("secret", name, "-n", namespace).get("data", {})
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def install(self, *arguments: str, timeout: float = 600) -> str:
        """`helm arguments` against this cluster."""
        return output([self.helm, *self._target("--kube-context"), *arguments], timeout=timeout)

    def command(self, *arguments: str) -> str:
        """The kubectl command line that a person would type for this."""
        context = ["--context", self.context] if self.context else []
        return " ".join(["kubectl", *context, *arguments])

    @contextmanager
    def reach(self, namespace: str, service: str, port: int) -> Iterator[str]:
        """A URL of a service for as long as the block runs."""
        if self.routable:
            yield self.address(namespace, service, port)
            return
        # kubectl takes a free port itself, so that nobody else can take it first.
        arguments = [str(self.kubectl), *self._target("--context"), "port-forward"]
        arguments += ["-n", namespace, f"service/{service}", f":{port}"]
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(arguments, stdout=said, stderr=said) as forward,
        ):
            try:
                yield f"http://127.0.0.1:{_forwarded(said.fileno(), forward)}"
            finally:
                forward.terminate()

    def address(self, namespace: str, service: str, port: int) -> str:
        """The URL at the service's cluster address; reachable from here when `routable`."""
        host = self.get("service", service, "-n", namespace)["spec"]["clusterIP"]
        return f"http://{host}" if port == 80 else f"http://{host}:{port}"

    def _target(self, context_flag: str) -> list[str]:
        kubeconfig = ["--kubeconfig", str(self.kubeconfig)] if self.kubeconfig else []
        return kubeconfig + ([context_flag, self.context] if self.context else [])


def _forwarded(said: int, forward: subprocess.Popen[bytes]) -> int:
    """The local port, which kubectl tells once it listens there; raises SetupError."""
    deadline = time.monotonic() + FORWARD_SECONDS
    while True:
        ended = forward.poll() is not None
        words = os.pread(said, 1 << 16, 0).decode(
            errors="replace"
        )  # leaves kubectl its place in it
        if found := re.search(r"^Forwarding from 127\.0\.0\.1:(\d+) ", words, re.MULTILINE):
            return int(found[1])
        if ended:
            raise SetupError(f"kubectl port-forward ended: {words.strip()}")
        if time.monotonic() > deadline:
            raise SetupError(
                f"kubectl port-forward opened no port within {FORWARD_SECONDS} s: {words.strip()}"
            )
        time.sleep(0.1)
