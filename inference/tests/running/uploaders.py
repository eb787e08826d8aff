"""The HTTP clients that people use, each sending a body and telling what it was answered."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import httpx
import requests

PATIENCE = 60.0

# Known beforehand, or in pieces as they come.
Body = bytes | Iterable[bytes]


@dataclass(frozen=True)
class Told:
    status: int
    content: bytes

    @property
    def code(self) -> str:
        """Of a refusal."""
        return str(json.loads(self.content)["code"])


Uploader = Callable[[str, Mapping[str, str], Body], Told]


def _requests(url: str, headers: Mapping[str, str], body: Body) -> Told:
    with requests.Session() as session:
        answer = session.post(url, data=body, headers=dict(headers), timeout=PATIENCE)
        return Told(answer.status_code, answer.content)


def _httpx(url: str, headers: Mapping[str, str], body: Body) -> Told:
    with httpx.Client(timeout=PATIENCE, verify=False) as client:
        answer = client.post(url, content=body, headers=headers)
        return Told(answer.status_code, answer.content)


def _http_client(url: str, headers: Mapping[str, str], body: Body) -> Told:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    try:
        connection.request("POST", urlsplit(url).path, body, dict(headers))
        answer = connection.getresponse()
        return Told(answer.status, answer.read())
    finally:
        connection.close()


def _curl(options: Iterable[str], url: str, headers: Mapping[str, str], body: Body) -> Told:
    wanted = [f"{name}: {value}" for name, value in headers.items()]
    sent = ["--data-binary", "@-"] if isinstance(body, bytes) else ["-X", "POST", "-T", "-"]
    command = ["curl", "-sS", "--noproxy", "*", "-w", "\n%{http_code}", *options, *sent]
    for one in ["Content-Type: image/png", *wanted]:
        command += ["-H", one]
    with subprocess.Popen(
        [*command, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as curl:
        assert curl.stdin
        assert curl.stdout
        try:
            for piece in [body] if isinstance(body, bytes) else body:
                curl.stdin.write(piece)
            curl.stdin.close()
        except BrokenPipeError:
            pass  # it has its answer
        content, _, status = curl.stdout.read().rpartition(b"\n")
        assert curl.wait(PATIENCE) == 0, (curl.returncode, status)
    return Told(int(status), content)


# An empty Expect says that none is to be sent.
UPLOADERS: Mapping[str, Uploader] = {
    "requests": _requests,
    "httpx": _httpx,
    "http.client": _http_client,
    "curl": partial(_curl, ["-H", "Expect:"]),
    "curl that asks first": partial(_curl, ["-H", "Expect: 100-continue"]),
    "curl that keeps no connection": partial(_curl, ["-H", "Expect:", "-H", "Connection: close"]),
    "curl with HTTP 1.0": partial(_curl, ["--http1.0", "-H", "Expect:"]),
}
