"""The six conditions of a ModelDeployment, each an ordered list of facts: the first that holds."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api import digests
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.api.status.dataset import DatasetInfo
from dandelion_operator.api.status.ingest import Ingest
from dandelion_operator.loop.decide.plan import Plan, Refusal
from dandelion_operator.loop.report.conditions.accepted import accepted
from dandelion_operator.loop.report.conditions.builder import ConditionBuilder
from dandelion_operator.loop.report.conditions.drift_detected import drift_detected
from dandelion_operator.loop.report.conditions.promoted import promoted
from dandelion_operator.loop.report.conditions.ready import ready
from dandelion_operator.loop.report.conditions.rolled_out import rolled_out
from dandelion_operator.loop.report.conditions.trained import trained
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.observed import Observed


def conditions(
    resource: Resource,
    observed: Observed,
    plan: Plan,
    last: LastRun | None,
    dataset: DatasetInfo | None,
    ingest: Ingest | None,
    refusals: Sequence[Refusal],
    now: str,
) -> tuple[Condition, ...]:
    build = ConditionBuilder(observed.previous, resource.generation, now)
    ours = last is not None and last.training_hash == digests.training_hash(resource)
    found = {
        ConditionType.ACCEPTED: accepted(
            plan.acceptance,
            dataset if ours else None,
            plan.contested,
            ingest if _matters(ingest, last) else None,
        ),
        ConditionType.TRAINED: trained(observed, plan, last, refusals),
        ConditionType.PROMOTED: promoted(resource, observed, plan, refusals),
        ConditionType.ROLLED_OUT: rolled_out(resource, observed, plan, refusals),
    }
    found[ConditionType.READY] = ready(resource, observed, plan, found)
    found[ConditionType.DRIFT_DETECTED] = drift_detected(resource, observed)
    return tuple(build(kind, *partial) for kind, partial in found.items())


def _matters(ingest: Ingest | None, last: LastRun | None) -> bool:
    """A run that started since has read the images itself."""
    if ingest is None or last is None or last.started is None or ingest.finished_at is None:
        return True
    return ingest.finished_at >= last.started
