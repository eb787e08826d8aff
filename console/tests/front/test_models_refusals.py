"""What models' pods refuse, and what whoever runs them may answer instead."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from dandelion_console.answer import ModelError
from dandelion_console.cluster import serving
from dandelion_console.cluster.api import ApiServer
from dandelion_console.cluster.model_tokens import ModelTokens
from dandelion_console.cluster.serving import AT_ONCE, Models, Upload
from dandelion_console.ports.account import Account
from fakes.cluster import FakeCluster
from fakes.serving import ANSWER, FakeServing, problem
from given.browser import Browser
from given.predicting import IMAGE, sent

REFUSALS: dict[str, tuple[Exception | httpx.Response, int, str]] = {
    "no image": (problem(400, "NotAnImage", "It is <b>text</b>."), 400, "&lt;b&gt;text"),
    "busy": (problem(429, "QueueFull", "Full.", **{"retry-after": "1"}), 429, "Full."),
    "not ready": (problem(503, "NotReady", "It loads."), 503, "It loads."),
    "a token that it does not know": (problem(401, "Unauthenticated", "no"), 502, "next rollout"),
    "no right": (problem(403, "Forbidden", "no"), 502, "the right to call models"),
    "no such address": (problem(404, "NotFound", "gone"), 502, "is not the model"),
    "led elsewhere": (httpx.Response(302, headers={"location": "http://x"}), 502, "not the model"),
    "a page": (httpx.Response(200, text="<script>alert(1)</script>"), 502, "is not the model"),
    "a page as a problem": (httpx.Response(400, text="<script>"), 502, "is not the model"),
    "an answer without end": (httpx.Response(200, content=b" " * 2_000_000), 502, "not the model"),
    "nobody": (httpx.ConnectError("no"), 503, "does not answer"),
    "too late": (httpx.ReadTimeout("no"), 503, "does not answer"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_a_model_refuses_is_told_and_never_passed_on_as_it_is(
    visitor: Browser, serving: FakeServing, case: str
) -> None:
    serving.broken, status, word = REFUSALS[case]
    answer = sent(visitor)
    assert answer.status_code == status
    assert word in answer.text
    assert "<script>alert" not in answer.text
    assert visitor.get("/").status_code == 200


def answer_of(**about: Any) -> bytes:
    """As serving writes it, but for what is `about` its one prediction; in ASCII."""
    return json.dumps(ANSWER | {"predictions": [ANSWER["predictions"][0] | about]}).encode()


HOSTILE = {
    "lists in lists without end": b"[" * 500_000,
    "half of a character": answer_of(label="\ud800"),
    "a score that is no number": answer_of(scores={"daisy": float("nan")}),
    "more predictions than images": json.dumps(ANSWER | {"predictions": [{}] * 200_000}).encode(),
    "more classes than a page can show": answer_of(
        scores=dict.fromkeys(map(str, range(60_000)), 0)
    ),
    "a version without end": json.dumps(
        ANSWER | {"model": {"name": "lawn", "version": "3" * 500_000}}
    ).encode(),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_an_answer_that_would_break_the_page_is_none(
    visitor: Browser, serving: FakeServing, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever runs the pods may answer anything, and the console is everybody's."""
    serving.broken = httpx.Response(200, content=HOSTILE[case])
    page = sent(visitor)
    assert page.status_code == 502
    assert "is not the model" in page.text
    assert "Traceback" not in capsys.readouterr().out


def test_a_refusal_that_would_break_the_page_is_none(
    visitor: Browser, serving: FakeServing
) -> None:
    serving.broken = httpx.Response(429, content=b"[" * 500_000)
    page = sent(visitor)
    assert page.status_code == 502
    assert "is not the model" in page.text


def test_when_to_try_again_is_a_number_or_left_out(visitor: Browser, serving: FakeServing) -> None:
    headers = [(b"retry-after", "٣".encode())]
    serving.broken = httpx.Response(429, json={"detail": "Full."}, headers=headers)
    page = sent(visitor)
    assert page.status_code == 429
    assert "retry-after" not in page.headers


def test_models_that_never_answer_take_no_room_from_other_namespaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def asked() -> None:
        reached = asyncio.Semaphore(0)
        ends = asyncio.Event()

        async def answer(request: httpx.Request) -> httpx.Response:
            if request.url.host.endswith(".team.svc"):
                reached.release()
                await ends.wait()
            return httpx.Response(200, json=ANSWER)

        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        monkeypatch.setattr(serving, "PATIENCE", 0.01)
        tokens = ModelTokens(ApiServer(http), Account(None), lambda: 0.0)
        models = Models(http, tokens, "http://{name}-inference.{namespace}.svc")

        def upload() -> Upload:
            async def once() -> AsyncIterator[bytes]:
                yield IMAGE

            return Upload("image/png", len(IMAGE), once())

        silent = [
            asyncio.ensure_future(models.predict("team", f"lawn-{each % 4}", upload()))
            for each in range(AT_ONCE)
        ]
        for _ in silent:
            await reached.acquire()
        with pytest.raises(ModelError) as refused:
            await models.predict("team", "lawn", upload())
        assert (refused.value.status, refused.value.retry_after) == (429, "1")
        assert (await models.predict("other", "lawn", upload())).id == "signed-id"
        ends.set()
        await asyncio.gather(*silent)
        assert (await models.predict("team", "lawn", upload())).id == "signed-id"

    asyncio.run(asked())


def test_an_account_that_may_make_no_tokens_is_the_consoles_trouble(
    people: FakeCluster, visitor: Browser, serving: FakeServing
) -> None:
    people.makes_tokens = False
    page = sent(visitor)
    assert page.status_code == 502
    assert "its account may need the right" in page.text
    assert not serving.requests
