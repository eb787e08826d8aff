"""Entries about runs, and about that nothing is to run."""

from __future__ import annotations

from collections.abc import Iterator

from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.history import PAUSED, PERSON, RESUMED, TRAINED, HistoryEntry
from dandelion_operator.api.status.training import RunState, Training
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen


def of_suspension(resource: Resource, observed: Observed, now: str) -> Iterator[HistoryEntry]:
    """That somebody paused or resumed it, not that it was made so."""
    suspend, previous = resource.spec.suspend, observed.previous
    if suspend is bool(previous.suspended) or not previous.observed_generation:
        return
    reason, person = f"spec.suspend is {'true' if suspend else 'false'}", None
    if signed := resource.suspension_signed():
        moment, name = signed
        as_signed = f"{reason}, as signed at {moment}"
        # Who changes the field without signing leaves what another one signed before.
        if not any(entry.reason == as_signed for entry in previous.history):
            reason, person = as_signed, name
    decision = PAUSED if suspend else RESUMED
    yield HistoryEntry(time=now, decision=decision, by=PERSON, requested_by=person, reason=reason)


def of_training(observed: Observed, training: Training | None, now: str) -> Iterator[HistoryEntry]:
    if training is None:
        return
    before = observed.previous.training
    same = before if before is not None and before.run == training.run else None
    of_this = same if same is not None and same.attempts == training.attempts else None

    def entry(decision: str, reason: str | None, version: str | None = None) -> HistoryEntry:
        return HistoryEntry(
            time=now,
            decision=decision,
            trigger=training.trigger,
            dataset=training.dataset_fingerprint,
            version=version,
            requested_by=training.requested_by if decision == "TrainingStarted" else None,
            reason=reason,
        )

    if before is not None and same is None and not before.state.finished:
        yield HistoryEntry(
            time=now,
            decision="TrainingStopped",
            trigger=before.trigger,
            dataset=before.dataset_fingerprint,
            reason=f"run {before.run} made way for a newer spec",
        )
    if same is None and training.started_at is not None:
        why = f": {training.trigger_message}" if training.trigger_message else ""
        yield entry("TrainingStarted", f"run {training.run}{why}")
    if same is not None and training.attempts > same.attempts:
        yield entry("TrainingStarted", f"run {training.run}, attempt {training.attempts}")
    known = of_this is not None and of_this.state.finished
    # Known by its version alone: a former resource's, or told of before.
    found = same is None and training.started_at is None
    if training.state.finished and not (known or found):
        if training.state is RunState.SUCCEEDED:
            registry = observed.registry
            made = registry.of_run(training.run) if isinstance(registry, RegistrySeen) else None
            version = str(made.version) if made else None
            yield entry(TRAINED, f"run {training.run}", version)
        else:
            cause = f"{training.reason or 'InternalError'}: {training.message or ''}".rstrip(": ")
            yield entry("TrainingFailed", cause)
