"""A steady stream of real uploads, bounded in rate and time, that remembers every answer."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import httpx


@dataclass(frozen=True)
class Answer:
    """When a request was sent (seconds, monotonic), what came back, and by which version."""

    sent: float
    code: int | None
    version: str | None
    error: str | None = None


class SteadyLoad:
    """Sends `rate` requests a second, open loop, each on a connection of its own choosing.

    Half of the requests go over kept-alive connections and half over new ones, because each finds
    other mistakes: new ones meet an endpoint that is gone, kept ones a server that hangs up.

    After `limit` seconds it stops by itself, and says so at the end: what came later was seen by
    nobody.
    """

    def __init__(self, url: str, image: bytes, rate: float = 20, limit: float = 900) -> None:
        self.url, self.image, self.rate, self.limit = f"{url}/predict", image, rate, limit
        self.answers: list[Answer] = []
        self._ended = threading.Event()
        self._kept = httpx.Client(timeout=30)
        self._pool = ThreadPoolExecutor(32)
        self._thread = threading.Thread(target=self._send_all, daemon=True)

    def __enter__(self) -> SteadyLoad:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ran_out = not self._thread.is_alive()
        self._ended.set()
        self._thread.join()
        self._pool.shutdown()
        self._kept.close()
        assert kind is not None or not ran_out, f"the load stopped after {self.limit:.0f} s"

    @property
    def failures(self) -> list[Answer]:
        """Everything that was not a 200."""
        return [answer for answer in self.answers if answer.code != 200]

    def versions_since(self, moment: float) -> set[str | None]:
        """Which versions answered requests sent after a moment."""
        return {answer.version for answer in list(self.answers) if answer.sent >= moment}

    def _send_all(self) -> None:
        began = time.monotonic()
        pending: list[Future[None]] = []
        number = 0
        while not self._ended.is_set() and time.monotonic() - began < self.limit:
            pending.append(self._pool.submit(self._send, number))
            number += 1
            self._ended.wait(max(0.0, began + number / self.rate - time.monotonic()))
        for future in pending:
            future.result()

    def _send(self, number: int) -> None:
        sent = time.monotonic()
        try:
            if number % 2:
                answer = self._kept.post(self.url, content=self.image)
            else:
                answer = httpx.post(self.url, content=self.image, timeout=30)
        except httpx.HTTPError as error:
            self.answers.append(Answer(sent, None, None, repr(error)))
            return
        version = answer.json()["model"]["version"] if answer.status_code == 200 else None
        self.answers.append(Answer(sent, answer.status_code, version, answer.text[:200]))
