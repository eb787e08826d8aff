"""The two questions of a Kubernetes API server, over real HTTPS with an authority of its own.

It answers as the real one does, down to the empty user of a token that is nobody's; that it does
is seen beside a real one in `tests/api/test_tokens.py`.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REVIEWER = "the-pods-own-token"
TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
AUDIENCE = "dandelion.dev"
NOBODY, ANONYMOUS = "not-a-token", "system:anonymous"
TRACE = ("traceparent", "tracestate")
CLUSTER = "https://kubernetes.default.svc"


class FakeApiServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        """What is mounted into a pod: token and ca.crt."""
        certificate, key = folder / "ca.crt", folder / "server.key"
        names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(key), "-out", str(certificate), "-days", "2"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names, *files]
        subprocess.run(command, check=True, capture_output=True)
        (folder / "token").write_text(REVIEWER)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.users: dict[str, str] = {}
        """Whose token it is. They are meant for AUDIENCE."""
        self.audiences: dict[str, list[str]] = {}
        """Whom a token is meant for, where that is somebody else."""
        self.knows_audiences = True
        self.rules: set[tuple[str, str]] = set()
        """Who may create on which subresource of default/lawn."""
        self.reviews: list[dict[str, Any]] = []
        """All but those by which the token reviewer sees whether it may ask."""
        self.traces: list[dict[str, str]] = []
        """The trace headers of each review."""
        self.reviewer = REVIEWER
        self.status = 201
        self.gate = threading.Event()
        """Answers wait for it."""
        self.gate.set()
        self.holds_on = False
        """Whether it is heard of meanwhile, so that nobody takes it for gone."""

    def count(self, kind: str) -> int:
        return sum(review["kind"] == kind for review in self.reviews)


class _Handler(BaseHTTPRequestHandler):
    server: FakeApiServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        trace = {name: self.headers[name] for name in TRACE if name in self.headers}
        if review["spec"].get("token") != NOBODY and review["spec"].get("user") != ANONYMOUS:
            self.server.traces.append(trace)
            self.server.reviews.append(review)
        while not self.server.gate.wait(1 if self.server.holds_on else 60):
            if not self.server.holds_on:
                break
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.headers["Authorization"] != f"Bearer {self.server.reviewer}":
            self._answer(401, {"kind": "Status", "reason": "Unauthorized"})
        elif self.server.status != 201:
            self._answer(self.server.status, {"kind": "Status", "reason": "Forbidden"})
        else:
            status = {TOKEN_REVIEWS: self._token, ACCESS_REVIEWS: self._access}[self.path]
            self._answer(201, review | {"status": status(review["spec"])})

    def _token(self, spec: dict[str, Any]) -> dict[str, Any]:
        name = self.server.users.get(spec["token"])
        meant = self.server.audiences.get(spec["token"], [AUDIENCE])
        asked = spec.get("audiences", [CLUSTER])
        shared = [audience for audience in meant if audience in asked]
        if name is None or (self.server.knows_audiences and not shared):
            return {"user": {}, "error": "[invalid bearer token]"}
        audiences = {"audiences": shared} if self.server.knows_audiences else {}
        return audiences | {
            "authenticated": True,
            "user": {
                "username": name,
                "uid": f"uid-of-{name}",
                "groups": ["system:authenticated"],
                "extra": {"authentication.kubernetes.io/credential-id": [f"JTI={name}"]},
            },
        }

    def _access(self, spec: dict[str, Any]) -> dict[str, Any]:
        wanted = spec["resourceAttributes"]
        ours = wanted | {"subresource": ""} == {
            "namespace": "default",
            "verb": "create",
            "group": "dandelion.dev",
            "resource": "modeldeployments",
            "subresource": "",
            "name": "lawn",
        }
        return {"allowed": ours and (spec["user"], wanted["subresource"]) in self.server.rules}

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test's own report is enough."""


@contextmanager
def running(folder: Path) -> Iterator[FakeApiServer]:
    server = FakeApiServer(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()
