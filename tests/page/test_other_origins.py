"""A page of another origin may call the service only where `corsAllowedOrigins` names it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pictures
import pytest
from playwright.sync_api import Browser

from tests.page.served import serving

# What a page's script does with a picture: as a form, with a token and an id of its own.
CALL = """async ([url, picture]) => {
  const data = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const body = new FormData();
  body.append("file", new Blob([data]));
  const headers = {"Authorization": "Bearer none", "X-Request-Id": "mine"};
  try {
    const answer = await fetch(`${url}/predict`, {method: "POST", headers, body});
    const told = await answer.json();
    return [told.predictions[0].label, answer.headers.get("Dandelion-Answer-Id") === told.id];
  } catch (error) {
    return error.name;
  }
}"""
READ = """async (url) => {
  try { return (await (await fetch(`${url}/model`)).json()).name; }
  catch (error) { return error.name; }
}"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = b"<!doctype html><title>elsewhere</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def elsewhere() -> Iterator[str]:
    """The origin of an empty page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def called(browser: Browser, origin: str, service: str) -> tuple[Any, Any]:
    """What a page of that origin gets of an upload, and of a plain read."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(origin)
        picture = base64.b64encode(pictures.plain(pictures.RED)).decode()
        return page.evaluate(CALL, [service, picture]), page.evaluate(READ, service)


@pytest.mark.parametrize("named", ["nobody", "it", "another", "everybody"])
def test_a_page_elsewhere_gets_an_answer_where_its_origin_is_named(
    browser: Browser, tmp_path: Path, named: str
) -> None:
    with elsewhere() as origin:
        origins = {"nobody": "", "it": f"http://a.example,{origin}", "everybody": "*"}
        allowed = origins.get(named, "http://127.0.0.1:1")
        with serving(tmp_path, {"DANDELION_CORS_ALLOWED_ORIGINS": allowed}) as served:
            served.service.wait_ready()
            found = called(browser, origin, served.url)
        if named in ("it", "everybody"):
            assert found == (["poppy", True], "lawn")
        else:
            assert found == ("TypeError", "TypeError")
