"""One request and its answer, as everybody on the way comes to know them.

Made by `edge.py` when the request arrives and filled in by whoever finds out: who calls, what the
answer is called, what took how long. In the end it is a line of the access log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.types import Scope

from dandelion_inference.answer.progress import Progress, Stage
from dandelion_inference.errors import Code
from dandelion_inference.intake.identity import Identity
from dandelion_inference.journal.rows import Correlation, Took

SCOPE = "dandelion.exchange"

# What every answer says of itself, errors too.
MODEL = "Dandelion-Model"
MODEL_VERSION = "Dandelion-Model-Version"
ANSWER_ID = "Dandelion-Answer-Id"
REQUEST_ID = "X-Request-Id"

NOTHING = Took(queue=0.0, decode=0.0, compute=0.0)


@dataclass(slots=True)
class Exchange:
    identity: Identity
    bytes_in: int = 0
    """Of the body, as far as it was read."""
    caller: str | None = None
    """Who sends it, where the service asks."""
    answer_id: str | None = None
    problem: Code | None = None
    """Why there is no other answer."""
    images: int = 0
    """That were worked on."""
    took: Took = NOTHING
    """Of several images: what one waited at most, and what all of them took."""

    def worked_on(self, image: Took) -> None:
        before = self.took
        self.images += 1
        self.took = Took(
            queue=max(before.queue, image.queue),
            decode=before.decode + image.decode,
            compute=before.compute + image.compute,
        )

    def correlation(self, code: int) -> Correlation:
        identity = self.identity
        trace_id = identity.trace.trace_id if identity.trace else None
        return Correlation(identity.request_id, trace_id, self.caller, code)

    @property
    def trace_headers(self) -> Mapping[str, str]:
        """For calls on the request's behalf."""
        trace = self.identity.trace
        return {} if trace is None else trace.headers


def took(image: Progress) -> Took:
    return Took(
        queue=image.seconds(Stage.WAITING),
        decode=image.seconds(Stage.DECODING),
        compute=image.seconds(Stage.COMPUTING),
    )


def exchange_of(request: Request) -> Exchange:
    return exchange_in(request.scope)


def exchange_in(scope: Scope) -> Exchange:
    exchange: Exchange = scope[SCOPE]
    return exchange


def served(model: str, version: str) -> list[tuple[bytes, bytes]]:
    """The headers that are the same for every answer of a pod."""
    return [
        (name.lower().encode(), quote(value, safe=" ").encode())
        for name, value in ((MODEL, model), (MODEL_VERSION, version))
    ]
