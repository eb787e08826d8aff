"""Asking through the Service and asking a pod: every kind of answer, and patience with a swap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest
from dandelion_operator.ports.probes.probe import TRIES, Probe
from dandelion_operator.seen.serving import Answer

READY = httpx.Response(200, json={"model": {"name": "lawn", "version": "3"}})
DRAINING = httpx.Response(503, json={"reason": "Draining", "detail": "on its way out"})


def probe(handle: Callable[[httpx.Request], httpx.Response]) -> Probe:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handle), verify=False)
    return Probe(http, pause=0)


def ask(*answers: httpx.Response) -> Answer:
    left = list(answers)
    return asyncio.run(
        probe(lambda request: left.pop(0) if len(left) > 1 else left[0]).service("10.0.0.1")
    )


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def test_an_answer_names_its_version() -> None:
    assert ask(READY) == Answer(3)


def test_a_replica_that_is_on_its_way_out_is_not_the_last_word() -> None:
    assert ask(DRAINING, DRAINING, READY) == Answer(3)


def test_who_never_answers_is_told_why() -> None:
    assert ask(DRAINING) == Answer(None, "a request through the Service: Draining: on its way out")
    found = asyncio.run(probe(refuse).service("10.0.0.1"))
    assert found == Answer(None, "a request through the Service fails: refused")


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="hello"), httpx.Response(200, json={"model": {}})]
)
def test_somebody_else_who_answers_is_not_a_model(answer: httpx.Response) -> None:
    assert "not with the version of a model" in ask(answer).message


def test_the_patience_has_an_end() -> None:
    asked: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return DRAINING

    asyncio.run(probe(note).service("fd00::1"))
    assert asked == ["http://[fd00::1]/readyz"] * TRIES


@pytest.mark.parametrize(
    ("handle", "told"),
    [
        pytest.param(
            lambda request: httpx.Response(
                503, json={"reason": "DigestMismatch", "detail": "model.onnx"}
            ),
            ("DigestMismatch", "model.onnx"),
            id="a reason",
        ),
        pytest.param(lambda request: READY, None, id="ready by now"),
        pytest.param(refuse, None, id="no answer"),
        pytest.param(
            lambda request: httpx.Response(500, text="oops"), ("HTTP 500", ""), id="no JSON"
        ),
    ],
)
def test_a_pod_tells_why_it_is_not_ready(
    handle: Callable[[httpx.Request], httpx.Response], told: tuple[str, str] | None
) -> None:
    asked: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return handle(request)

    assert asyncio.run(probe(note).pod("10.0.1.1", 8081)) == told
    assert asked == ["http://10.0.1.1:8081/readyz"]
