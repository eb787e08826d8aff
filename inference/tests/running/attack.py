"""Sends what means no good, from several clients, while somebody else sends good pictures."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pictures
from given.hostile_traffic import HostileRequest, RawRequest
from running.connections import opened, said, send_all
from running.service import Service, client

CLIENTS = 4


class Visitor:
    """Sends good pictures, one after another, and notes how long the slowest answer took."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = headers
        self._end = threading.Event()
        self.answered = 0
        self.slowest = 0.0
        self.refused: list[str] = []

    def run(self) -> None:
        data = pictures.encoded(pictures.noise((640, 480)), "JPEG")
        with client(self._url) as http:
            while not self._end.wait(0.01):
                began = time.monotonic()
                answer = http.post("/predict", content=data, headers=self._headers)
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answered += 1
                if answer.status_code != 200:
                    self.refused.append(answer.text)

    def end(self) -> None:
        self._end.set()


@contextmanager
def visited(url: str, headers: Mapping[str, str] | None = None) -> Iterator[Visitor]:
    visitor = Visitor(url, headers or {})
    thread = threading.Thread(target=visitor.run)
    thread.start()
    try:
        yield visitor
    finally:
        visitor.end()
        thread.join()


class Attack:
    """Sends each request by its name, and checks each answer."""

    def __init__(
        self, url: str, requests: Iterable[tuple[str, HostileRequest | RawRequest]]
    ) -> None:
        self._url = url
        self._left = iter(requests)
        self._lock = threading.Lock()
        self.wrong: list[str] = []
        self.answers: Counter[str] = Counter()
        self.slowest = (0.0, "")

    def run(self) -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            for attacker in [pool.submit(self._attacker) for _ in range(CLIENTS)]:
                attacker.result()

    def _attacker(self) -> None:
        with client(self._url) as http:
            while True:
                with self._lock:
                    found = next(self._left, None)
                if found is None:
                    return
                name, request = found
                began = time.monotonic()
                if isinstance(request, RawRequest):
                    outcome, wrong = self._raw(request)
                else:
                    outcome, wrong = self._whole(http, request)
                with self._lock:
                    self.answers[outcome] += 1
                    self.slowest = max(self.slowest, (time.monotonic() - began, name))
                    if wrong:
                        self.wrong.append(f"{name}: {wrong}")

    def _whole(self, http: httpx.Client, request: HostileRequest) -> tuple[str, str]:
        """What came of it, and what is wrong with that."""
        # httpx takes no other letters in a string.
        headers = {name: value.encode() for name, value in request.headers.items()}
        try:
            answer = http.post(request.path, content=request.body, headers=headers)
        except httpx.TransportError as error:
            return "no answer", repr(error)
        return outcome(answer)

    def _raw(self, request: RawRequest) -> tuple[str, str]:
        """Whoever sends no HTTP may be answered nothing, but is not kept waiting."""
        with opened(self._url) as connection:
            if send_all(connection, [request.data]):
                # Unless the service was faster.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
            answer = said(connection)
        if not answer:
            return "closed", ""
        status = answer[9:12].decode("ascii", "replace")
        return status, answer[:500].decode("ascii", "replace") if status[0] not in "24" else ""


def outcome(answer: httpx.Response) -> tuple[str, str]:
    """An answer in a word, and what is wrong with it, if anything is."""
    status = answer.status_code
    if 200 <= status < 300:
        return str(status), ""
    wrong = f"{status} {answer.text[:300]}"
    if not 400 <= status < 500 or answer.headers["content-type"] != "application/problem+json":
        return str(status), wrong
    problem = answer.json()
    whole = all(problem.get(name) for name in ("type", "title", "detail", "instance", "code"))
    return str(problem["code"]), "" if whole and problem["status"] == status else wrong


def failures(service: Service) -> list[str]:
    """What the service itself says has failed: answers with 5xx, and what its log has of them."""
    counted = [
        line
        for line in service.metrics().splitlines()
        if line.startswith("dandelion_requests_total") and 'code="5' in line
    ]
    return counted + [line for line in service.log if "Traceback" in line or "Exception" in line]
