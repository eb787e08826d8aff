"""How a run is started: its digest, what caused it, and what it begins with and is compared to."""

from __future__ import annotations

from dandelion_operator.api import digests
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.loop.decide.plan.decisions import (
    TrainDecision,
    TrainingPhase,
)
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.loop.decide.train.facts import Facts
from dandelion_operator.seen.conclusions.basis import (
    former_dataset,
    initial_weights,
    sound_champion,
)
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.training import DatasetSeen


def start(facts: Facts) -> TrainDecision:
    last, again, fingerprint = facts.last, facts.repeatable, facts.fingerprint
    begun = facts.searched or again
    if begun is not None:
        run, fingerprint = begun.run, begun.fingerprint or fingerprint
    else:
        run = digests.run(facts.training_hash, fingerprint, last.run if last else "")
    attempt = begun.attempts + (begun is again) if begun is not None else 1
    trigger, message = _trigger(facts)
    action = StartTraining(
        run=run,
        training_hash=facts.training_hash,
        trigger=trigger,
        trigger_message=message,
        decided=(begun.decided if begun is not None else None) or facts.observed.now,
        fingerprint=fingerprint,
        initial_weights=initial_weights(facts.resource, facts.observed),
        former_dataset=former_dataset(facts.observed),
        champion=sound_champion(facts.observed),
        images=_images(facts),
        attempt=attempt,
        searching=_searching(facts, begun),
    )
    words = f"run {run}" if attempt == 1 else f"attempt {attempt} at run {run}"
    if facts.searched is not None:
        words = f"the search is over, and {words}"
    return TrainDecision(TrainingPhase.PENDING, f"{words} is being started", (action,))


def _searching(facts: Facts, begun: LastRun | None) -> bool:
    """Whether there are trials to be done before training."""
    wanted = facts.resource.spec.training.search is not None
    return wanted and not (begun is not None and begun.searched)


def _trigger(facts: Facts) -> tuple[str, str]:
    """Its name, and with which numbers it fired, where it has any."""
    last, fired, again = facts.last, facts.triggers.fired, facts.searched or facts.repeatable
    if last is None:
        return Trigger.CREATED, ""
    if fired is not None:
        return fired.trigger, fired.message
    if again is not None:
        return again.trigger or Trigger.CREATED, again.trigger_message or ""
    # With the annotation of then, this spec would be what the last run was for.
    if last.training_hash == digests.training_hash_of(facts.resource.spec, last.retrain or ""):
        return Trigger.RETRAIN_REQUESTED, ""
    return Trigger.SPEC_CHANGED, ""


def _images(facts: Facts) -> int:
    """How many objects were listed; a listing without a fingerprint is only a glance."""
    dataset = facts.observed.dataset
    return dataset.objects if isinstance(dataset, DatasetSeen) and dataset.fingerprint else 0
