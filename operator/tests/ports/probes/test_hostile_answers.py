"""A question ends and its words are cleaned, whatever listens where a Service or a pod is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import httpx
import pytest
from dandelion_operator.ports.probes.probe import Probe
from dandelion_operator.seen.serving import Answer
from fakes.hostile import Behaviour, answer, drips, floods, hostile, says, silent


@asynccontextmanager
async def probing(seconds: float) -> AsyncIterator[Probe]:
    async with httpx.AsyncClient(trust_env=False, timeout=None) as http:
        yield Probe(http, pause=0, seconds=seconds)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param(silent, "no whole answer in time", id="silence"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n\r\n", b" "), "no whole answer", id="a drip"),
        pytest.param(floods(b"HTTP/1.1 200 OK\r\n\r\n"), "not with the version", id="a flood"),
        pytest.param(says(answer(b"[" * 60_000)), "not with the version", id="no floor"),
        pytest.param(
            says(answer(b'{"model": {"version": "9e999"}}')), "not with the version", id="no number"
        ),
        pytest.param(
            says(answer(b'{"model": {"version": 1e999}}')), "not with the version", id="infinity"
        ),
        pytest.param(
            says(answer(b'{"reason": "<b>x</b>", "detail": "y"}', "503 No")),
            "through the Service: HTTP 503",
            id="a reason that is none",
        ),
        pytest.param(
            says(answer(b'{"reason": "Draining", "detail": "a\\u001b[2Jb <i>c</i>\\n"}', "503 No")),
            "through the Service: Draining: a [2Jb c",
            id="its words are cleaned",
        ),
        pytest.param(
            says(answer(b"<html>a page</html>", "502 No")), "Service: HTTP 502", id="a page"
        ),
    ],
)
def test_a_question_ends_whatever_listens(behaviour: Behaviour, words: str) -> None:
    # What is told by its content is given the time that a busy machine takes to read it.
    seconds = 0.3 if words.startswith("no whole answer") else 60

    async def scene(port: int) -> tuple[Answer, object]:
        async with probing(seconds) as probe:
            return await probe.service("127.0.0.1", port), await probe.pod("127.0.0.1", port)

    with ExitStack() as stack:
        server = stack.enter_context(hostile(behaviour))
        found, _ = asyncio.run(scene(int(server.address.rpartition(":")[2])))
    assert found.version is None
    assert found.message.endswith(words) or words in found.message
