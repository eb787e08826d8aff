"""How a run is started: its digest, what caused it, and the weights that it begins with."""

from __future__ import annotations

from dandelion_operator.api import digests
from dandelion_operator.loop.decide.plan import StartTraining, TrainDecision, TrainingPhase
from dandelion_operator.loop.decide.train.facts import Facts
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen


def start(facts: Facts) -> TrainDecision:
    last, fingerprint = facts.last, facts.fingerprint
    if last is not None and last.lost and facts.last_was_for_this:
        run, fingerprint = last.run, last.fingerprint or fingerprint
    else:
        run = digests.run(facts.training_hash, fingerprint, last.run if last else "")
    action = StartTraining(
        run=run,
        training_hash=facts.training_hash,
        trigger=_trigger(facts),
        fingerprint=fingerprint,
        initial_weights=_initial_weights(facts),
    )
    return TrainDecision(TrainingPhase.PENDING, f"run {run} is being started", (action,))


def _trigger(facts: Facts) -> str:
    last = facts.last
    if last is None:
        return "Created"
    if facts.last_was_for_this:
        return (last.trigger or "Created") if last.lost else "DatasetChanged"
    if facts.resource.retrain != (
        last.retrain or ""
    ) and last.training_hash == digests.training_hash_of(facts.resource.spec, last.retrain or ""):
        return "RetrainRequested"
    return "SpecChanged"


def _initial_weights(facts: Facts) -> str:
    wanted = facts.resource.spec.training.initial_weights
    registry = facts.observed.registry
    if wanted != "champion":
        return wanted
    if isinstance(registry, RegistrySeen) and registry.champion is not None:
        champion = registry.version(registry.champion)
        sound = facts.observed.artifacts.get(registry.champion)
        if champion is not None and isinstance(sound, ContractSeen):
            return f"{champion.source.rstrip('/')}/model.safetensors"
    return "none"
