"""The real service as a process of its own, as the container runs it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from dandelion_inference.ports.memory import status_bytes
from fakes import s3 as fake_s3
from fakes.s3 import ACCESS_KEY, SECRET_KEY
from given import artifacts
from given.artifacts import StoredArtifact

INFERENCE = Path(__file__).parents[2]
SOURCES = f"{INFERENCE / 'src'}:{INFERENCE / 'pictures/src'}"
PATIENCE = 60.0


class Service:
    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dandelion_inference"],
            env={**clean, "PYTHONPATH": SOURCES, "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.log: list[str] = []
        self._listening = threading.Event()
        self._port = self._probes_port = 0
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()

    def _read_log(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log.append(line)
            if '"event": "listening"' in line:
                told = json.loads(line)
                self._port, self._probes_port = told["port"], told["probes_port"]
                self._listening.set()
        self._listening.set()

    @property
    def url(self) -> str:
        assert self._listening.wait(PATIENCE)
        assert self._port, f"the service did not start: {''.join(self.log)}"
        return f"http://127.0.0.1:{self._port}"

    @property
    def probes_url(self) -> str:
        """Where the kubelet, Prometheus and the operator ask."""
        assert self.url
        return f"http://127.0.0.1:{self._probes_port}"

    def probe(self, path: str) -> httpx.Response:
        with client(self.probes_url) as http:
            return http.get(path)

    def metrics(self) -> str:
        return self.probe("/metrics").text

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Over a connection of its own, as `post`."""
        with client(self.url) as http:
            return http.get(path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        with client(self.url) as http:
            return http.post(path, **options)

    def wait_ready(self) -> None:
        self.wait_for(200)

    def wait_for(self, status: int, reason: str | None = None) -> dict[str, Any]:
        """Polls /readyz until it answers so; the answer's body."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.probe("/readyz")
            body: dict[str, Any] = answer.json()
            if answer.status_code == status and body.get("reason") == reason:
                return body
            assert time.monotonic() < deadline, f"{body} {''.join(self.log)}"
            time.sleep(0.02)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def forget_peak(self) -> None:
        """Lets the peak of memory begin anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        for pid in self.decoders():
            with contextlib.suppress(OSError):  # it has just ended
                Path(f"/proc/{pid}/clear_refs").write_text("5")

    def resident_bytes(self, field: str = "VmRSS") -> int:
        return status_bytes(field, Path(f"/proc/{self.process.pid}/status"))

    def resident_bytes_of_all(self) -> int:
        """With those of the processes that decode."""
        return self.resident_bytes() + self.decoders_bytes()

    def decoders(self) -> list[int]:
        """The processes that it has started."""
        return children(self.process.pid)

    def decoders_bytes(self, field: str = "VmRSS") -> int:
        total = 0
        for pid in self.decoders():
            with contextlib.suppress(OSError):  # it has just ended
                total += status_bytes(field, Path(f"/proc/{pid}/status"))
        return total


def children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            _, _, rest = status.read_text().rpartition(") ")
            state, parent = rest.split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(status.parent.name))
    return found


def client(url: str) -> httpx.Client:
    # Plain HTTP needs no certificates, and httpx takes longer to read the system's than to ask.
    return httpx.Client(base_url=url, timeout=PATIENCE, verify=False)


def environment(
    artifact: StoredArtifact, endpoint: str, home: Path, access_key: str = ACCESS_KEY
) -> dict[str, str]:
    """What the operator would give the pod."""
    credentials = home / "credentials"
    credentials.mkdir(exist_ok=True)
    (credentials / "AWS_ACCESS_KEY_ID").write_text(access_key)
    (credentials / "AWS_SECRET_ACCESS_KEY").write_text(SECRET_KEY)
    return {
        "DANDELION_MODEL_NAME": "lawn",
        "DANDELION_MODEL_NAMESPACE": "default",
        "DANDELION_MODEL_VERSION": "3",
        "DANDELION_ARTIFACT_URI": artifact.uri,
        "DANDELION_CONTRACT_DIGEST": artifact.digest,
        "DANDELION_S3_ENDPOINT": endpoint,
        "DANDELION_S3_CREDENTIALS_DIR": str(credentials),
        "DANDELION_ARTIFACT_DIR": str(home / "artifact"),
        "DANDELION_HOST": "127.0.0.1",
        "DANDELION_PORT": "0",
        "DANDELION_PROBES_PORT": "0",
        "DANDELION_DRAIN_SECONDS": "0.2",
        # As in a container; what runs the tests has whatever it has.
        "DANDELION_MEMORY_BYTES": str(1024 * 1024 * 1024),
    }


@contextlib.contextmanager
def started(environment: dict[str, str]) -> Iterator[Service]:
    service = Service(environment)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.process.kill()
        service.wait()


@contextlib.contextmanager
def ready(home: Path, **told: str) -> Iterator[Service]:
    """One of its own, with a model and a store of its own, that is told this besides."""
    stored = artifacts.stored()
    with fake_s3.running() as store:
        store.objects.update(stored.objects())
        with started(environment(stored, store.url, home) | told) as service:
            service.wait_ready()
            yield service
