"""What a pod wrote before it ended may be anything: its image may be anybody's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dandelion_operator.loop.observe import readings

OWNER = [{"uid": "uid-1", "controller": True}]


def failed(written: str) -> tuple[str | None, str | None]:
    job: dict[str, Any] = {
        "metadata": {"name": "lawn-train-a", "uid": "uid-1", "creationTimestamp": "t"},
        "spec": {},
        "status": {"conditions": [{"type": "Failed", "status": "True"}]},
    }
    ended = {"state": {"terminated": {"exitCode": 1, "message": written}}}
    pod = {
        "metadata": {"ownerReferences": OWNER, "creationTimestamp": "t"},
        "status": {"containerStatuses": [ended]},
    }
    seen = readings.job(job, [pod])
    return seen.reason, seen.message


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        pytest.param(
            {"reason": "DiskFull", "message": "no room"}, ("DiskFull", "no room"), id="ours"
        ),
        pytest.param(
            {"reason": "x\n\x1b[2J", "message": "a\n\x1b[31mb <i>c</i> password=hush"},
            ("InternalError", "a [31mb c password=***"),
            id="words that steer a terminal",
        ),
        pytest.param(
            {"reason": "R" * 5000, "message": "why"},
            ("InternalError", "why"),
            id="a reason without end",
        ),
        pytest.param({"reason": "Odd", "message": {"a": 1}}, ("Odd", "{'a': 1}"), id="no text"),
    ],
)
def test_a_pods_last_words_are_cut_and_cleaned(
    written: dict[str, Any], cause: tuple[str, str]
) -> None:
    assert failed(json.dumps(written)) == cause


def test_last_words_without_a_floor_are_no_cause() -> None:
    assert failed("[" * 4096) == ("InternalError", "its container ended with exit code 1")
