"""The access log: a line of JSON for every error and for a share of the other answers.

A client can make errors as fast as it likes, so their lines are bounded in rate; the next one that
is written says how many were not. No line holds a header, a query or a body: there may be secrets
in those. Called by `edge.py` when a request has ended, on the event loop.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from typing import Any

import structlog

from dandelion_inference.front.exchange import Exchange
from dandelion_inference.intake.bulkhead import Allowance
from dandelion_inference.journal.rows import Took

EVENT = "access"

# Lines a second in the long run, and at once after a quiet time. What the service did wrong is rare
# and worth a line each; what clients do wrong is whatever they like.
FAILURE_RATE, FAILURE_BURST = 100.0, 1000.0
REFUSAL_RATE, REFUSAL_BURST = 10.0, 100.0

log = structlog.get_logger()


class Sampler:
    """Which answers get a line."""

    def __init__(
        self,
        ratio: float,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`ratio` is the share of answers without an error; `chance` gives numbers in [0, 1)."""
        self._ratio = ratio
        self._chance = chance
        self._failures = Allowance(FAILURE_RATE, FAILURE_BURST, now)
        self._refusals = Allowance(REFUSAL_RATE, REFUSAL_BURST, now)
        self._suppressed = 0

    def takes(self, status: int) -> bool:
        if status < 400:
            return self._chance() < self._ratio
        allowance = self._failures if status >= 500 else self._refusals
        if allowance.take():
            return True
        self._suppressed += 1
        return False

    def suppressed(self) -> int:
        """Errors that got no line since this was asked last."""
        suppressed, self._suppressed = self._suppressed, 0
        return suppressed


class AccessLog:
    def __init__(self, model: str, version: str, sampler: Sampler) -> None:
        self._model = model
        self._version = version
        self._sampler = sampler

    def ended(
        self, exchange: Exchange, method: str, route: str, status: int, seconds: float
    ) -> None:
        """`route` is the template, not the address; `seconds` are from first to last byte."""
        if not self._sampler.takes(status):
            return
        trace = exchange.identity.trace
        line: dict[str, Any] = {
            "request_id": exchange.identity.request_id,
            "trace_id": trace and trace.trace_id,
            "span_id": trace and trace.parent_id,
            "caller": exchange.caller,
            "answer_id": exchange.answer_id,
            "model": self._model,
            "version": self._version,
            "method": method,
            "route": route,
            "code": status,
            "problem": exchange.problem,
            "bytes_in": exchange.bytes_in,
            "images": exchange.images,
            "total_seconds": round(seconds, 6),
            **(_times(exchange.took) if exchange.images else {}),
            "suppressed": self._sampler.suppressed() or None,
        }
        # A log that nobody reads any more is no reason to fail.
        with contextlib.suppress(OSError):
            log.info(EVENT, **{name: value for name, value in line.items() if value is not None})


def _times(took: Took) -> dict[str, float]:
    return {f"{stage}_seconds": round(seconds, 6) for stage, seconds in took._asdict().items()}
