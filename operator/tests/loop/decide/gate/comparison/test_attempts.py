"""A comparison that infrastructure ended is made again, after pauses and not without end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop import pace
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.jobs import RemoveJob, StartEvaluation
from dandelion_operator.loop.observe import readings
from dandelion_operator.loop.report import report
from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT
from dandelion_operator.seen.observed import Observed
from given import evaluation
from given.workloads import EVALUATE

PLAIN = given.resource()
SOON, LATER = "2026-01-01T00:00:20Z", "2026-01-01T12:00:00Z"


def after(now: str, *jobs: Any) -> Observed:
    return given.serving(
        3,
        registry=given.registry(given.version(3), given.version(4, verdict=""), champion=3),
        artifacts={3: given.contract(), 4: given.contract()},
        comparisons={given.compared(): None},
        evaluations=jobs,
        now=now,
    )


def failed(reason: str = "StorageUnreachable", attempt: int = 1, **about: Any) -> Any:
    fields = {"name": f"j{attempt}", "finished": given.NOW, "message": "no answer"}
    return evaluation(RunState.FAILED, reason=reason, attempt=attempt, **(fields | about))


@pytest.mark.parametrize(
    ("observed", "started", "words"),
    [
        pytest.param(after(SOON, failed()), [], "begins at 2026-01-01T00:00:30Z", id="a pause"),
        pytest.param(after(LATER, failed()), [2], "is being started", id="then again"),
        pytest.param(
            after(LATER, failed(), failed(attempt=2)), [3], "is being started", id="counted on"
        ),
        pytest.param(
            after(LATER, failed(), evaluation(name="j2", attempt=2)),
            [],
            "the Job j2 compares it",
            id="the newest attempt is followed",
        ),
        pytest.param(
            after(LATER, failed(attempt=ATTEMPT_LIMIT)), [], "delete the Job", id="the last one"
        ),
        pytest.param(
            after(LATER, failed("ArtifactUnavailable")), [], "delete the Job", id="for good"
        ),
    ],
)
def test_whether_a_comparison_is_made_again(
    observed: Observed, started: list[int], words: str
) -> None:
    decision = given.decided(PLAIN, observed).promote
    found = [item.attempt for item in decision.actions if isinstance(item, StartEvaluation)]
    assert found == started
    assert words in decision.message


def test_under_other_rules_an_attempt_is_made_anew_at_once() -> None:
    decision = given.decided(PLAIN, after(SOON, failed(gate="other"))).promote
    assert decision.actions == (RemoveJob("j1"),)


def test_it_is_looked_at_again_when_the_attempt_is_due() -> None:
    observed = after(SOON, failed())
    plan = given.decided(PLAIN, observed)
    told = report(PLAIN, observed, plan, (), SOON)
    assert pace.pause(observed, plan, told, 60.0) == 10.0


def test_an_attempt_is_a_job_of_its_own() -> None:
    second = replace(EVALUATE, attempt=2)
    built = builders.evaluation_job(PLAIN, second, given.place(), given.DEFAULTS)
    assert built["metadata"]["name"] == "lawn-evaluate-0123456789-2"
    raw = built | {"metadata": built["metadata"] | {"uid": "u", "creationTimestamp": given.NOW}}
    assert readings.evaluation_job(raw, []).attempt == 2
