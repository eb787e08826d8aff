"""What becomes an entry of status.history, for the tables: runs, conditions, and what is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.api.status.training import Training
from dandelion_operator.api.status.versions import Challenger
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.decide.plan.decisions import (
    PromoteDecision,
    RolloutDecision,
)
from dandelion_operator.loop.report.history import history_entries
from dandelion_operator.seen.observed import Observed
from given import LATER, NOW, training
from given.report.conditions import PLAIN, SETTLED

QUIET = replace(SETTLED, rollout=RolloutDecision(None), promote=PromoteDecision())
Entry = tuple[str, str | None, str | None]


def condition(kind: str, reason: str = "Valid", state: str = "False") -> Condition:
    return Condition(
        type=ConditionType(kind),
        status=state,
        reason=reason,
        message=f"about {kind}",
        last_transition_time=NOW,
    )


def told(
    observed: Observed,
    plan: Plan = QUIET,
    challenger: Challenger | None = None,
    run: Training | None = None,
    rolled: str = "ReplicasAvailable",
    promoted: str = "VersionPromoted",
) -> list[Entry]:
    """Decision, version and reason of each entry, newest first."""
    current = (condition("Promoted", promoted), condition("RolledOut", rolled))
    entries = history_entries(PLAIN, observed, plan, challenger, run, current, LATER)
    assert {item.time for item in entries} <= {LATER}
    return [(item.decision, item.version, item.reason) for item in entries]


def run(state: str = "Running", number: int = 1, **about: Any) -> Training:
    fields = training(f"run{number}", state, **({"trigger": "Created"} | about))
    return Training.model_validate(fields)
