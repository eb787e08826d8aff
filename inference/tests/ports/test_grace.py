"""How the time between SIGTERM and SIGKILL is spent, whatever there is of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from dandelion_inference.ports.grace import MARGIN_SECONDS, Ending, ending
from dandelion_inference.ports.settings import Settings

LOGGED = {"log_uri": "s3://predictions"}


def settings(**about: Any) -> Settings:
    return Settings(
        model_name="lawn",
        model_namespace="default",
        model_version="3",
        artifact_uri="s3://models/default/lawn/run3/artifact",
        contract_digest="sha256:" + "0" * 64,
        s3_endpoint="http://s3",
        **about,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            {"grace": 200, "drain": 3, "longest_request": 90, "log": 8},
            Ending(3, 90, 8, cuts_requests=False),
            id="more than enough: nothing waits longer than it has to",
        ),
        pytest.param(
            {"grace": 104, "drain": 3, "longest_request": 90, "log": 8},
            Ending(3, 90, 8, cuts_requests=False),
            id="just enough",
        ),
        pytest.param(
            {"grace": 30, "drain": 3, "longest_request": 90, "log": 8},
            Ending(3, 16, 8, cuts_requests=True),
            id="what Kubernetes gives by itself: requests have what is left",
        ),
        pytest.param(
            {"grace": 12, "drain": 3, "longest_request": 90, "log": 8},
            Ending(3, 3, 3, cuts_requests=True),
            id="little: a third for each",
        ),
        pytest.param(
            {"grace": 30, "drain": 1000, "longest_request": 1, "log": 0},
            Ending(9, 1, 0, cuts_requests=False),
            id="a long drain leaves time for requests",
        ),
        pytest.param(
            {"grace": 2, "drain": 3, "longest_request": 90, "log": 8},
            Ending(0, 0, 0, cuts_requests=True),
            id="nothing but the margin",
        ),
    ],
)
def test_each_part_has_its_time(given: dict[str, float], expected: Ending) -> None:
    assert ending(**given) == expected


@pytest.mark.parametrize("grace", [1, 3, 5, 10, 30, 60, 105, 1000])
@pytest.mark.parametrize("log", [0, 8, 500])
def test_all_of_it_fits(grace: float, log: float) -> None:
    found = ending(grace, drain=3, longest_request=90, log=log)
    for drained in (found.drain, found.longest_drain):
        parts = (drained, found.finish_after(drained), found.log)
        assert min(parts) >= 0
        assert sum(parts) <= max(grace - MARGIN_SECONDS, 0) + 1e-9


@pytest.mark.parametrize(
    ("newest", "now", "drained"),
    [
        pytest.param(-math.inf, 2.9, False, id="proxies may not know yet"),
        pytest.param(-math.inf, 3.0, True, id="nobody ever came"),
        pytest.param(2.0, 4.9, False, id="somebody came a moment ago"),
        pytest.param(2.0, 5.0, True, id="and nobody since"),
        pytest.param(12.9, 13.0, True, id="half the time of requests in flight is gone"),
    ],
)
def test_a_pod_is_drained_once_nobody_connects(newest: float, now: float, drained: bool) -> None:
    found = Ending(drain=3, finish=20, log=8, cuts_requests=False)
    assert found.is_drained(0.0, newest, now) is drained
    assert not found.is_drained(math.inf, newest, now)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        pytest.param({}, Ending(3, 24, 0, cuts_requests=True), id="no log, nothing for it"),
        pytest.param(LOGGED, Ending(3, 16, 8, cuts_requests=True), id="a log"),
        pytest.param(
            {"grace_seconds": 680, "request_timeout_seconds": 600, **LOGGED},
            Ending(3, 660, 8, cuts_requests=False),
            id="ten minutes for a request, and its upload",
        ),
        pytest.param(
            {"grace_seconds": 680, "request_timeout_seconds": 2, "upload_seconds": 5, **LOGGED},
            Ending(3, 7, 8, cuts_requests=False),
            id="short requests",
        ),
    ],
)
def test_a_service_ends_as_its_settings_say(about: dict[str, Any], expected: Ending) -> None:
    assert settings(**about).ending == expected
