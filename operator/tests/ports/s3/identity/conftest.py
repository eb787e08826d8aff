"""An endpoint that is asked for keys, and the token that is shown to it."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest
from given.storage.identity import TOKEN, Endpoint


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            made.asked.append((self.path, parse_qs(body), self.headers["Authorization"] or ""))
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(made.content)

        def do_GET(self) -> None:
            made.asked.append((self.path, {}, self.headers["Authorization"] or ""))
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(made.content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file
