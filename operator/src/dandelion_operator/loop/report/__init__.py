"""The status of a resource, made anew from what was seen and decided.

Pure; called by `reconcile` once nothing is left to write or it was refused, and `promotion_told`
once a version was promoted. Times move only where something changed, so reporting the same state
twice gives the same status and no write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.reasons.facts import FALSE, UNKNOWN
from dandelion_operator.api.resource import InvalidResource, Resource
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.api.status.history import HISTORY_LIMIT
from dandelion_operator.loop.decide.plan import Plan, Refusal
from dandelion_operator.loop.report import training, versions
from dandelion_operator.loop.report.conditions import conditions
from dandelion_operator.loop.report.conditions.builder import ConditionBuilder
from dandelion_operator.loop.report.conditions.phase import phase
from dandelion_operator.loop.report.dataset import dataset
from dandelion_operator.loop.report.evaluation import evaluation
from dandelion_operator.loop.report.history import history_entries, promotion_entries
from dandelion_operator.loop.report.ingest import ingest
from dandelion_operator.loop.report.live_accuracy import live_accuracy, reviews
from dandelion_operator.loop.report.promotion_request import promotion_request
from dandelion_operator.loop.report.triggers import triggers
from dandelion_operator.seen.conclusions import image_drift
from dandelion_operator.seen.conclusions.last_run import last_run
from dandelion_operator.seen.observed import Observed

__all__ = ["invalid", "left_alone", "promotion_told", "report"]


def report(
    resource: Resource,
    observed: Observed,
    plan: Plan,
    refusals: Sequence[Refusal],
    now: str,
) -> Status:
    previous = observed.previous
    last = last_run(resource.key, observed, digests.training_hash(resource))
    reading = ingest(resource, observed, plan, refusals, now)
    made = dataset(observed, last, reading)
    current = conditions(resource, observed, plan, last, made, reading, refusals, now)
    champion = versions.champion(resource, observed, plan)
    challenger = versions.challenger(resource, observed, champion)
    run = training.training(resource, observed, plan, last, now)
    request = promotion_request(resource, observed, now)
    fresh = history_entries(
        resource, observed, plan, challenger, run, current, now, request, reading
    )
    return Status(
        observed_generation=resource.generation,
        conditions=current,
        url=naming.url(resource.key),
        external_url=observed.route.url or observed.ingress.url,
        phase=phase(current),
        suspended=resource.spec.suspend or None,
        champion=champion,
        challenger=challenger,
        promotion_request=request,
        ingest=reading,
        training=run,
        triggers=triggers(resource, observed, plan, last),
        dataset=made,
        evaluation=evaluation(resource, observed),
        drift=image_drift.told(resource, observed),
        live_accuracy=live_accuracy(observed),
        reviews=reviews(observed),
        replicas=observed.deployment.replicas if observed.deployment else 0,
        selector=naming.as_selector(naming.inference_selector(resource.key)),
        history=(*fresh, *previous.history)[:HISTORY_LIMIT],
    )


def promotion_told(resource: Resource, observed: Observed, plan: Plan, now: str) -> Status:
    """What was known before, with the promotion in the history and the end of its run before it.

    All else is told once it has happened.
    """
    previous = observed.previous
    last = last_run(resource.key, observed, digests.training_hash(resource))
    run = training.training(resource, observed, plan, last, now)
    fresh = promotion_entries(resource, observed, plan, run, now)
    history = (*fresh, *previous.history)[:HISTORY_LIMIT]
    return previous.model_copy(update={"training": run, "history": history})


def invalid(resource: InvalidResource, previous: Status, now: str) -> Status:
    """Everything else is left as it was last known: what serves goes on serving."""
    build = ConditionBuilder(previous, resource.generation, now)
    accepted = build(ConditionType.ACCEPTED, "False", Reason.INVALID_SPEC, resource.message)
    kept = [item for item in previous.conditions if item.type is not ConditionType.ACCEPTED]
    if not any(item.type is ConditionType.READY for item in kept):
        kept.append(build(ConditionType.READY, "False", Reason.INVALID_SPEC, resource.message))
    current = (accepted, *kept)
    return previous.model_copy(
        update={
            "observed_generation": resource.generation,
            "conditions": current,
            "phase": phase(current),
        }
    )


def left_alone(body: Mapping[str, Any], previous: Status, why: Failure, now: str) -> Status:
    """Nobody looks at it: whether it still answers is not known, and all else is as it was last."""
    generation = body["metadata"].get("generation", 0)
    build = ConditionBuilder(previous, generation, now)
    before = previous.condition(ConditionType.READY)
    status = FALSE if before is None or before.status == FALSE else UNKNOWN
    told = {
        ConditionType.ACCEPTED: build(ConditionType.ACCEPTED, FALSE, why.reason, why.message),
        ConditionType.READY: build(ConditionType.READY, status, why.reason, why.message),
    }
    kept = {item.type: item for item in previous.conditions} | told
    current = tuple(kept[kind] for kind in ConditionType if kind in kept)
    changed = {"observed_generation": generation, "conditions": current, "phase": phase(current)}
    return previous.model_copy(update=changed)
