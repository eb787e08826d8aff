"""An object store at the other end of a real socket, which can be told to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

ACCESS_KEY = "reader"
SECRET_KEY = "reader-secret"
WRITER_KEY = "writer"


class FakeS3(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.session_tokens: list[str | None] = []
        """What came with each read beside the key."""
        self.accepted_key = ACCESS_KEY
        self.failures: list[str] = []
        """What to do to the next requests: "503" or "cut"."""
        self.writer_key = WRITER_KEY
        """The only key that may write, and it may do nothing else."""
        self.away = False
        """Whether every write is answered with 503."""
        self.write_failures: list[str] = []
        """What to do to the next writes: the status of an error, or "lost" for one that arrives and
        is never acknowledged."""
        self.written: list[str] = []
        self.content_types: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeS3
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.requests.append(path)
        self.server.session_tokens.append(self.headers["X-Amz-Security-Token"])
        failure = self.server.failures.pop(0) if self.server.failures else ""
        data = self.server.objects.get(path)
        if f"Credential={self.server.accepted_key}/" not in self.headers.get("Authorization", ""):
            self._error(403, "InvalidAccessKeyId", "The access key does not exist.")
        elif failure == "503":
            self._error(503, "SlowDown", "Please reduce your request rate.")
        elif data is None:
            bucket = path.split("/")[1]
            known = any(name.startswith(f"/{bucket}/") for name in self.server.objects)
            code = "NoSuchKey" if known else "NoSuchBucket"
            self._error(404, code, "There is no such thing.")
        elif failure == "cut":
            self._answer(200, "application/octet-stream", data[: len(data) // 2], len(data))
            self.close_connection = True
        else:
            self._answer(200, "application/octet-stream", data, len(data))

    def do_PUT(self) -> None:
        path = unquote(self.path.partition("?")[0])
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(f"PUT {path}")
        failure = self.server.write_failures.pop(0) if self.server.write_failures else ""
        if f"Credential={self.server.writer_key}/" not in self.headers.get("Authorization", ""):
            self._error(403, "AccessDenied", "Access Denied.")
        elif self.server.away:
            self._error(503, "SlowDown", "Please reduce your request rate.")
        elif failure.isdigit():
            self._error(int(failure), "EntityTooLarge", "That is not accepted.")
        else:
            self.server.objects[path] = data
            self.server.content_types[path] = self.headers["Content-Type"]
            if failure == "lost":
                self.close_connection = True
                return
            self.server.written.append(path)
            self._answer(200, "application/xml", b"", 0)

    def do_HEAD(self) -> None:
        self.server.requests.append(f"HEAD {self.path}")
        self._answer(403, "application/xml", b"", 0)

    def _error(self, status: int, code: str, message: str) -> None:
        body = (
            f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message>"
            f"<Resource>{self.path}</Resource></Error>"
        ).encode()
        self._answer(status, "application/xml", body, len(body))

    def _answer(self, status: int, content_type: str, body: bytes, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test's own report is enough."""


@contextmanager
def running() -> Iterator[FakeS3]:
    server = FakeS3()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
