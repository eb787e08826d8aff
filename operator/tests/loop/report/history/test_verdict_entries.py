"""status.history: a verdict is told once, and again where it reads differently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.api.status.training import Training
from dandelion_operator.api.status.versions import Challenger
from dandelion_operator.loop.decide.plan.decisions import (
    PromoteDecision,
    RolloutDecision,
)
from dandelion_operator.loop.report.history import history_entries
from dandelion_operator.seen.observed import Observed
from given import NOW, registry, seen, status, training, version
from given.report.conditions import MLFLOW_AWAY, PLAIN, SETTLED

QUIET = replace(SETTLED, rollout=RolloutDecision(None), promote=PromoteDecision())
CONDITIONS = tuple(
    Condition(type=kind, status="True", reason="Valid", last_transition_time=NOW)
    for kind in ConditionType
)
RUN = Training.model_validate(training(trigger="Created"))


def entry(number: int, decision: str, reason: str) -> dict[str, Any]:
    return {"time": NOW, "decision": decision, "version": str(number), "reason": reason}


def judged(
    verdict: str | None, *history: dict[str, Any], number: int = 4, **about: Any
) -> Observed:
    """MLflow has a verdict for version 4; before, version `number` was told to have `verdict`."""
    challenger = {"challenger": {"version": str(number), "verdict": verdict}} if verdict else {}
    found = registry(version(3), version(4, verdict="rejected", verdict_reason="too low"))
    before = status(training=training(), history=list(history), **challenger)
    return seen(**({"previous": before, "registry": found} | about))


TOLD = ("Rejected", "4", "too low", "sha256:images", "Created")


@pytest.mark.parametrize(
    ("observed", "now", "entries"),
    [
        pytest.param(judged(None), None, [], id="no challenger"),
        pytest.param(judged(None), "promoted", [], id="a verdict that is told elsewhere"),
        pytest.param(judged(None), "", [], id="no verdict yet"),
        pytest.param(judged(None), "rejected", [TOLD], id="the first verdict"),
        pytest.param(
            judged("rejected", number=3), "rejected", [TOLD], id="as the version before it"
        ),
        pytest.param(judged("awaiting"), "rejected", [TOLD], id="another verdict than before"),
        pytest.param(
            judged("rejected", entry(4, "Rejected", "too low")), "rejected", [], id="the same again"
        ),
        pytest.param(
            judged("rejected", entry(4, "Rejected", "worse")), "rejected", [TOLD], id="new words"
        ),
        pytest.param(
            judged("rejected", entry(4, "Undecided", "too low")),
            "rejected",
            [TOLD],
            id="the same words for another decision",
        ),
        pytest.param(
            judged("rejected", entry(3, "Promoted", "x"), entry(4, "Rejected", "too low")),
            "rejected",
            [],
            id="told before, and then something of another version",
        ),
        pytest.param(judged("rejected"), "rejected", [], id="told so long ago that it is gone"),
        pytest.param(
            judged(None, registry=MLFLOW_AWAY),
            "rejected",
            [("Rejected", "4", None, None, "Created")],
            id="MLflow is away",
        ),
        pytest.param(
            judged(None, registry=registry(version(3))),
            "rejected",
            [("Rejected", "4", None, None, "Created")],
            id="the version was deleted meanwhile",
        ),
    ],
)
def test_a_verdict_is_told(
    observed: Observed, now: str | None, entries: list[tuple[str | None, ...]]
) -> None:
    challenger = None if now is None else Challenger(version="4", verdict=now)
    found = history_entries(PLAIN, observed, QUIET, challenger, RUN, CONDITIONS, NOW)
    assert [
        (item.decision, item.version, item.reason, item.dataset, item.trigger) for item in found
    ] == entries


@pytest.mark.parametrize(
    ("verdict", "decision"),
    [
        ("rejected", "Rejected"),
        ("undecided", "Undecided"),
        ("awaiting", "AwaitingApproval"),
        ("observed", "Observed"),
    ],
)
def test_each_verdict_has_its_entry_and_no_trigger_where_no_run_is_known(
    verdict: str, decision: str
) -> None:
    challenger = Challenger(version="4", verdict=verdict)
    (found,) = history_entries(PLAIN, judged(None), QUIET, challenger, None, CONDITIONS, NOW)
    assert (found.decision, found.trigger) == (decision, None)
