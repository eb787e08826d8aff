"""status.history: one entry for every decision, with what it rested on.

An entry is the difference between the status before and the status now. Reporting the same state
again writes none, and a crash before the status was written loses none.
"""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.conditions import Condition
from dandelion_operator.api.status.history import GATE, OPERATOR, RESTORED, HistoryEntry
from dandelion_operator.api.status.ingest import Ingest
from dandelion_operator.api.status.training import Training
from dandelion_operator.api.status.versions import Challenger, PromotionRequest
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.report.figures import figures
from dandelion_operator.loop.report.history.ingest import of_ingest
from dandelion_operator.loop.report.history.runs import of_suspension, of_training
from dandelion_operator.loop.report.history.turned import (
    of_a_broken_challenger,
    of_artifact,
    of_drift,
)
from dandelion_operator.loop.report.history.versions import (
    of_challenger,
    of_champion,
    of_what_was_left,
)
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen


def history_entries(
    resource: Resource,
    observed: Observed,
    plan: Plan,
    challenger: Challenger | None,
    training: Training | None,
    conditions: Sequence[Condition],
    now: str,
    request: PromotionRequest | None = None,
    ingest: Ingest | None = None,
) -> tuple[HistoryEntry, ...]:
    """Newest first."""
    found = [
        *of_suspension(resource, observed, now),
        *of_ingest(observed.previous.ingest, ingest, now),
        *of_training(observed, training, now),
        *of_challenger(resource, observed, challenger, training, now),
        *of_champion(resource, observed, plan, training, request, now),
        *of_artifact(observed, conditions, now),
        *of_a_broken_challenger(observed, challenger, plan, conditions, now),
        *of_what_was_left(observed, plan, now),
        *of_drift(observed, conditions, now),
    ]
    return tuple(reversed(found))


def promotion_entries(
    resource: Resource, observed: Observed, plan: Plan, training: Training | None, now: str
) -> tuple[HistoryEntry, ...]:
    """Newest first."""
    promotion = plan.promote.promotion
    if promotion is None:
        return ()
    registry = observed.registry
    version = registry.version(promotion.version) if isinstance(registry, RegistrySeen) else None
    entry = HistoryEntry(
        time=now,
        decision=promotion.decision,
        trigger=promotion.trigger or (training.trigger if training else None),
        dataset=promotion.dataset or None,
        version=None if promotion.version is None else str(promotion.version),
        by=OPERATOR if promotion.decision == RESTORED else GATE,
        figures=None if promotion.decision == RESTORED else figures(resource, observed, version),
        reason=promotion.reason,
    )
    return (entry, *reversed([*of_training(observed, training, now)]))
