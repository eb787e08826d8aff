"""Asking a pod how far its answers of late are from the holdout's: it may say anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from dandelion_operator.ports.probes.probe import Probe
from dandelion_operator.seen.windows import WindowCompared, WindowsOfSize

WINDOW: dict[str, Any] = {
    "time": "2026-01-01T00:00:01.500Z",
    "ratio": 1.5,
    "statistic": "logDensity",
    "exceeded": True,
    "statistics": {"logDensity": {"score": 0.3, "threshold": 0.2, "ratio": 1.5}},
}
DOCUMENT: dict[str, Any] = {
    "model": {"name": "lawn", "version": "3"},
    "falseAlarmRate": 0.01,
    "windows": [
        {"answers": 20, "compared": 7, "exceeded": 1, "last": [WINDOW]},
        {"answers": 50, "compared": 0, "exceeded": 0, "last": []},
    ],
}


def ask(
    handle: Callable[[httpx.Request], httpx.Response],
) -> tuple[WindowsOfSize, ...] | None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handle), verify=False)
    return asyncio.run(Probe(http, pause=0).drift("fd00::1", 8081))


def said(body: Any, status: int = 200) -> tuple[WindowsOfSize, ...] | None:
    text = json.dumps(body)
    return ask(lambda request: httpx.Response(status, text=text))


def test_a_pod_is_asked_on_its_port_for_probes() -> None:
    asked: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=DOCUMENT)

    assert ask(note) == (
        WindowsOfSize(20, (WindowCompared("2026-01-01T00:00:01Z", 1.5, "logDensity"),)),
        WindowsOfSize(50),
    )
    assert asked == ["http://[fd00::1]:8081/drift"]


def test_a_model_that_has_nothing_to_compare_with_has_no_windows() -> None:
    assert said(DOCUMENT | {"windows": []}) == ()


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def test_a_pod_that_does_not_answer_tells_nothing() -> None:
    assert ask(refuse) is None


def window(**about: Any) -> dict[str, Any]:
    return {"windows": [{"answers": 20, "last": [WINDOW | about]}]}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"code": "NotFound"}, 404, id="an address that a former release lacks"),
        pytest.param(DOCUMENT, 503, id="a refusal"),
        pytest.param({}, 200, id="nothing"),
        pytest.param([DOCUMENT], 200, id="a list"),
        pytest.param(window(time="soon"), 200, id="no time"),
        pytest.param(window(time="0001-01-01T00:00:00+14:00"), 200, id="before all time"),
        pytest.param(window(ratio=-1), 200, id="less than nothing"),
        pytest.param(window(ratio=float("nan")), 200, id="no number"),
        pytest.param(window(ratio=float("inf")), 200, id="infinity"),
        pytest.param(window(statistic="<b>x</b>"), 200, id="markup for a word"),
        pytest.param(window(statistic="x" * 33), 200, id="a word without end"),
        pytest.param({"windows": [{"answers": 0, "last": []}]}, 200, id="windows of nothing"),
        pytest.param({"windows": DOCUMENT["windows"] * 6}, 200, id="too many sizes"),
        pytest.param(
            {"windows": [{"answers": 20, "last": [WINDOW] * 21}]}, 200, id="too many windows"
        ),
    ],
)
def test_whatever_else_is_said_tells_nothing(body: Any, status: int) -> None:
    assert said(body, status) is None
