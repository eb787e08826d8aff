"""The real token reviewer as a process of its own, before an API server of the test's."""

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
from running.service import PATIENCE, SOURCES, client


class ReviewerProcess:
    def __init__(self, host: str, port: int, account: Path, **environment: str) -> None:
        """`account` is a folder with what is mounted into its pod: token and ca.crt."""
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dandelion_inference.reviewer"],
            env={
                **clean,
                "PYTHONPATH": SOURCES,
                "PYTHONUNBUFFERED": "1",
                "KUBERNETES_SERVICE_HOST": host,
                "KUBERNETES_SERVICE_PORT": str(port),
                "DANDELION_SERVICE_ACCOUNT_DIR": str(account),
                "DANDELION_HOST": "127.0.0.1",
                "DANDELION_PORT": "0",
                "DANDELION_PROBES_PORT": "0",
                "DANDELION_DRAIN_SECONDS": "0.5",
                **environment,
            },
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
        assert self._port, f"the reviewer did not start: {''.join(self.log)}"
        return f"http://127.0.0.1:{self._port}"

    def environment(self) -> dict[str, str]:
        """What the operator gives a serving pod that asks it."""
        return {"DANDELION_AUTH": "ClusterTokens", "DANDELION_TOKEN_REVIEWER_URL": self.url}

    def ask(self, token: str, subresource: str = "predict", **place: str) -> httpx.Response:
        """Over a connection of its own."""
        question = {"token": token, "namespace": "default", "name": "lawn"} | place
        return self.post(json=question | {"subresource": subresource})

    def post(self, **request: Any) -> httpx.Response:
        with client(self.url) as http:
            return http.request("POST", "/v1/reviews", **request)

    def probe(self, path: str) -> httpx.Response:
        assert self.url
        with client(f"http://127.0.0.1:{self._probes_port}") as http:
            return http.get(path)

    def wait_for(self, status: int, words: str = "") -> None:
        """Polls /readyz until it answers so, in these words."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.probe("/readyz")
            if answer.status_code == status and words in answer.text:
                return
            assert time.monotonic() < deadline, f"{answer.text} {''.join(self.log)}"
            time.sleep(0.05)

    def end(self) -> int:
        """As Kubernetes ends a pod; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def reviewing(port: int, account: Path, host: str = "127.0.0.1") -> Iterator[ReviewerProcess]:
    reviewer = ReviewerProcess(host, port, account)
    try:
        reviewer.wait_for(200)
        yield reviewer
    finally:
        if reviewer.process.poll() is None:
            reviewer.process.kill()
        reviewer.end()
