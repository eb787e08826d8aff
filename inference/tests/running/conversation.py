"""A client that sends and reads in turn, which the usual libraries do not."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from running.service import PATIENCE


class Conversation:
    """Sends and reads in turn on one connection, as httpx does not."""

    def __init__(self, url: str, query: str = "") -> None:
        place = urlsplit(url)
        self._connection = HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE)
        self._connection.putrequest("POST", f"/predict{query}")
        self._connection.putheader("Content-Type", "application/x-ndjson")
        self._connection.putheader("Transfer-Encoding", "chunked")
        self._connection.endheaders()
        self._answer: HTTPResponse | None = None

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        if self._answer is not None:
            self._answer.close()
        self._connection.close()

    def say(self, data: bytes) -> None:
        self._connection.send(b"%x\r\n%s\r\n" % (len(data), data))

    def say_for_ever(self, data: bytes) -> None:
        """Raises OSError once the service has closed the connection."""
        while True:
            self.say(data)

    def hear(self) -> dict[str, Any]:
        if self._answer is None:
            self._answer = self._connection.getresponse()
        line: dict[str, Any] = json.loads(self._answer.readline())
        return line

    def end(self) -> None:
        """Says that there are no more lines, and hears that there are no more answers."""
        self._connection.send(b"0\r\n\r\n")
        assert self._answer is not None
        assert self._answer.readline() == b""
