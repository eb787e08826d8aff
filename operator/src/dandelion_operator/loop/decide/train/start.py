"""How a run is started: its digest, what caused it, and what it begins with and is compared to."""

from __future__ import annotations

from dandelion_operator.api import digests
from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.loop.decide.plan.decisions import (
    TrainDecision,
    TrainingPhase,
)
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.loop.decide.train.facts import Facts
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.training import DatasetSeen
from dandelion_operator.seen.versions import RegistrySeen


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
        initial_weights=_initial_weights(facts),
        former_dataset=_former_dataset(facts),
        champion=_champion(facts),
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


def _initial_weights(facts: Facts) -> str:
    """Without a champion the run is told just that: it starts as with auto, and says so."""
    wanted, champion = facts.resource.spec.training.initial_weights, _champion(facts)
    if wanted != "champion" or champion is None:
        return wanted
    return f"{champion.artifact_uri.rstrip('/')}/model.safetensors"


def _former_dataset(facts: Facts) -> str:
    """The status may be gone with a deleted resource; versions remember what they learnt from."""
    known = facts.observed.previous.dataset
    if known is not None and known.version:
        return known.version
    registry = facts.observed.registry
    if not isinstance(registry, RegistrySeen):
        return ""
    return next((item.dataset_digest for item in registry.versions if item.dataset_digest), "")


def _images(facts: Facts) -> int:
    """How many objects were listed; a listing without a fingerprint is only a glance."""
    dataset = facts.observed.dataset
    return dataset.objects if isinstance(dataset, DatasetSeen) and dataset.fingerprint else 0


def _champion(facts: Facts) -> Target | None:
    """None where its artifact is known to be broken: a run must not fail because of it."""
    registry = facts.observed.registry
    if not isinstance(registry, RegistrySeen):
        return None
    champion = registry.incumbent
    if champion is None or not champion.contract_digest:
        return None
    artifact = facts.observed.artifacts.get(champion.version)
    broken = isinstance(artifact, Failure) and not artifact.may_pass
    return None if broken else champion.target
