"""Thousands of bad uploads against one process: it refuses them in words, and nothing else happens.

Meanwhile somebody else keeps sending good pictures, and is answered.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import hostile
import httpx
import pictures
import pytest
from fakes import s3 as fake_s3
from given import artifacts, hostile_requests
from running.service import Service, environment, started

MIB = 1024 * 1024
CLIENTS = 4

# A good upload beside them takes far less; this is what a slow machine may add to it.
PATIENCE = 10.0

# The heap gives back what is at its end; a few bodies may lie before something small.
KEPT = 48 * MIB


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    artifact = artifacts.stored()
    with fake_s3.running() as store:
        store.objects.update(artifact.objects())
        wanted = environment(artifact, store.url, tmp_path_factory.mktemp("service"))
        wanted["MALLOC_ARENA_MAX"] = "2"  # as in the image
        with started(wanted) as running:
            running.wait_ready()
            yield running


class Visitor:
    """Sends good pictures, one after another, and notes how long the slowest answer took."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._end = threading.Event()
        self.answered = 0
        self.slowest = 0.0
        self.refused: list[str] = []

    def run(self) -> None:
        data = pictures.encoded(pictures.noise((640, 480)), "JPEG")
        with httpx.Client(base_url=self._url, timeout=60) as client:
            while not self._end.wait(0.01):
                began = time.monotonic()
                answer = client.post("/predict", content=data)
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answered += 1
                if answer.status_code != 200:
                    self.refused.append(answer.text)

    def end(self) -> None:
        self._end.set()


@contextmanager
def visited(url: str) -> Iterator[Visitor]:
    visitor = Visitor(url)
    thread = threading.Thread(target=visitor.run)
    thread.start()
    try:
        yield visitor
    finally:
        visitor.end()
        thread.join()


class Attack:
    """Sends bodies from several clients at once, and checks each answer."""

    def __init__(self, url: str, path: str, bodies: dict[str, tuple[bytes, str | None]]) -> None:
        self._url = url
        self._path = path
        self._left = list(bodies.items())
        self._lock = threading.Lock()
        self.wrong: list[str] = []
        self.answers: Counter[str] = Counter()
        self.slowest = (0.0, "")

    def run(self) -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            for client in [pool.submit(self._client) for _ in range(CLIENTS)]:
                client.result()

    def _client(self) -> None:
        with httpx.Client(base_url=self._url, timeout=120) as http:
            while True:
                with self._lock:
                    if not self._left:
                        return
                    name, (body, header) = self._left.pop()
                headers = (
                    {} if header is None else {"Inference-Header-Content-Length": header.encode()}
                )
                began = time.monotonic()
                answer = http.post(self._path, content=body, headers=headers)
                self._note(name, answer, time.monotonic() - began)

    def _note(self, name: str, answer: httpx.Response, seconds: float) -> None:
        said = "200" if answer.status_code == 200 else _problem(answer)
        with self._lock:
            self.answers[said] += 1
            self.slowest = max(self.slowest, (seconds, name))
            if said == "":
                self.wrong.append(f"{name}: {answer.status_code} {answer.text[:200]}")


def _problem(answer: httpx.Response) -> str:
    """The code of a refusal as it should be, or nothing."""
    if not 400 <= answer.status_code < 500:
        return ""
    if answer.headers["content-type"] != "application/problem+json":
        return ""
    problem = answer.json()
    whole = all(problem.get(name) for name in ("type", "title", "detail", "instance", "code"))
    return str(problem["code"]) if whole and problem["status"] == answer.status_code else ""


@pytest.mark.parametrize("way", ["/predict", hostile_requests.INFER])
def test_bad_uploads_are_refused_in_words_and_nothing_else_happens(
    service: Service, way: str
) -> None:
    bodies = (
        {name: (body, None) for name, body in hostile.corpus().items()}
        if way == "/predict"
        else hostile_requests.requests()
    )
    # What this leaves is what the libraries set up once and keep.
    Attack(service.url, way, dict(list(bodies.items())[::5])).run()
    before = service.resident_bytes()
    service.forget_peak()
    attack = Attack(service.url, way, bodies)
    with visited(service.url) as visitor:
        attack.run()
    after, peak = service.resident_bytes(), service.resident_bytes("VmHWM")
    print(
        f"{way}: {len(bodies)} bodies, {dict(attack.answers)}, slowest {attack.slowest}; "
        f"{visitor.answered} good ones, slowest {visitor.slowest:.3f} s; memory "
        f"{before / MIB:.0f} to {after / MIB:.0f} MiB, at most {peak / MIB:.0f}"
    )
    assert attack.wrong == []
    assert sum(attack.answers.values()) == len(bodies)
    assert visitor.refused == []
    assert visitor.answered > 0
    assert visitor.slowest < PATIENCE
    assert service.process.poll() is None
    assert after - before < KEPT
    assert peak < 700 * MIB
    assert "Traceback" not in "".join(service.log)
