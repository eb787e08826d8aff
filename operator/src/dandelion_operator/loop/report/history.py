"""status.history: one entry for every decision, with what it rested on.

An entry is the difference between the status before and the status now. Reporting the same state
again writes none, and a crash before the status was written loses none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dandelion_operator.api import moments
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.resource import ADOPT_ANNOTATION, PROMOTE_ANNOTATION, Resource
from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.api.status.history import (
    ADOPTED,
    ADOPTION_NEEDED,
    FOLLOWED,
    FOLLOWED_ALIAS,
    GATE,
    OPERATOR,
    PAUSED,
    PERSON,
    PROMOTED,
    REJECTED,
    RESTORED,
    RESUMED,
    TRAINED,
    UNDECIDED,
    HistoryEntry,
)
from dandelion_operator.api.status.ingest import Ingest
from dandelion_operator.api.status.training import RunState, Training
from dandelion_operator.api.status.versions import (
    Challenger,
    PromotionRequest,
    PromotionState,
)
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.report.figures import figures
from dandelion_operator.loop.report.ingest_history import of_ingest
from dandelion_operator.seen.conclusions.image_drift import served_version
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen, Verdict

VERDICT_DECISIONS: Mapping[str | None, str] = {
    Verdict.REJECTED: REJECTED,
    Verdict.UNDECIDED: UNDECIDED,
    Verdict.AWAITING: "AwaitingApproval",
    Verdict.OBSERVED: "Observed",
}

# Drift that comes and goes is told as often as that, and no more.
DRIFT_TOLD_SECONDS = 86_400


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
        *_of_suspension(resource, observed, now),
        *of_ingest(observed.previous.ingest, ingest, now),
        *_of_training(observed, training, now),
        *_of_challenger(resource, observed, challenger, training, now),
        *_of_champion(resource, observed, plan, training, request, now),
        *_of_artifact(observed, conditions, now),
        *_of_a_broken_challenger(observed, challenger, plan, conditions, now),
        *_of_what_was_left(observed, plan, now),
        *_of_drift(observed, conditions, now),
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
    return (entry, *reversed([*_of_training(observed, training, now)]))


def _of_suspension(resource: Resource, observed: Observed, now: str) -> Iterator[HistoryEntry]:
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


def _of_training(observed: Observed, training: Training | None, now: str) -> Iterator[HistoryEntry]:
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


def _of_challenger(
    resource: Resource,
    observed: Observed,
    challenger: Challenger | None,
    training: Training | None,
    now: str,
) -> Iterator[HistoryEntry]:
    if challenger is None or challenger.verdict not in VERDICT_DECISIONS:
        return
    decision, registry = VERDICT_DECISIONS[challenger.verdict], observed.registry
    version = (
        registry.version(int(challenger.version)) if isinstance(registry, RegistrySeen) else None
    )
    reason = version.verdict_reason if version else None
    before = observed.previous.challenger
    judged = (challenger.version, challenger.verdict)
    if before is not None and (before.version, before.verdict) == judged:
        # Judged again under another gate: recorded only if the outcome reads differently.
        latest = next(
            (item for item in observed.previous.history if item.version == challenger.version),
            None,
        )
        if latest is None or (latest.decision, latest.reason) == (decision, reason):
            return
    yield HistoryEntry(
        time=now,
        decision=decision,
        trigger=training.trigger if training else None,
        dataset=version.dataset_digest if version else None,
        version=challenger.version,
        by=GATE,
        figures=figures(resource, observed, version),
        reason=reason,
    )


def _of_champion(
    resource: Resource,
    observed: Observed,
    plan: Plan,
    training: Training | None,
    request: PromotionRequest | None,
    now: str,
) -> Iterator[HistoryEntry]:
    before, registry = observed.previous.followed, observed.registry
    target = plan.rollout.target
    if target is None or not isinstance(registry, RegistrySeen):
        return
    if registry.champion != target.version or before == str(target.version):
        return
    version = registry.version(target.version)
    if version is None:
        return
    by_gate = version.verdict == Verdict.PROMOTING
    adopted = before is None and resource.adopt == str(target.version)
    former = f" (was version {before})" if before else ""
    words = f"the alias champion names version {target.version}{former}"
    asked = None if by_gate else _that_asked(observed, request, target.version)
    if asked is not None:
        words = f"{PROMOTE_ANNOTATION} names version {target.version}{former}"
    if adopted:
        words = f"{ADOPT_ANNOTATION} names version {target.version}, as the alias champion does"
    # Where the operator moved the alias for somebody, MLflow knows the operator alone.
    person = asked.requested_by if asked is not None else registry.moved_by or None
    yield HistoryEntry(
        time=now,
        decision=PROMOTED if by_gate else ADOPTED if adopted else FOLLOWED_ALIAS,
        trigger=training.trigger if training and by_gate else None,
        dataset=version.dataset_digest or None,
        version=str(target.version),
        by=GATE if by_gate else PERSON,
        requested_by=None if by_gate else person,
        figures=figures(resource, observed, version) if by_gate else None,
        reason=version.verdict_reason if by_gate else words,
    )


def _that_asked(
    observed: Observed, request: PromotionRequest | None, version: int
) -> PromotionRequest | None:
    """The request for this version, unless the alias was somewhere else since."""
    if request is None or request.state is not PromotionState.DONE:
        return None
    since = (
        entry
        for entry in observed.previous.history
        if entry.decision in FOLLOWED and entry.time > request.time
    )
    return request if request.version == str(version) and not any(since) else None


def _of_artifact(
    observed: Observed, conditions: Sequence[Condition], now: str
) -> Iterator[HistoryEntry]:
    rolled = _turned(observed, conditions, ConditionType.ROLLED_OUT)
    if rolled is None or rolled.reason not in (
        Reason.ARTIFACT_REJECTED,
        Reason.PROGRESS_DEADLINE_EXCEEDED,
    ):
        return
    registry = observed.registry
    champion = registry.champion if isinstance(registry, RegistrySeen) else None
    yield HistoryEntry(
        time=now,
        decision=rolled.reason,
        version=None if champion is None else str(champion),
        reason=rolled.message,
    )


def _of_a_broken_challenger(
    observed: Observed,
    challenger: Challenger | None,
    plan: Plan,
    conditions: Sequence[Condition],
    now: str,
) -> Iterator[HistoryEntry]:
    waiting = plan.promote.waiting
    if challenger is None or waiting is None or waiting.reason is not Reason.ARTIFACT_REJECTED:
        return
    told = _turned(observed, conditions, ConditionType.PROMOTED)
    if told is not None and told.reason == Reason.ARTIFACT_REJECTED:
        yield HistoryEntry(
            time=now, decision=told.reason, version=challenger.version, reason=told.message
        )


def _turned(
    observed: Observed, conditions: Sequence[Condition], kind: ConditionType
) -> Condition | None:
    """The condition, where its status or reason is another one than before."""
    now = next((item for item in conditions if item.type is kind), None)
    was = observed.previous.condition(kind)
    if now is None or (was is not None and (was.status, was.reason) == (now.status, now.reason)):
        return None
    return now


def _of_what_was_left(observed: Observed, plan: Plan, now: str) -> Iterator[HistoryEntry]:
    """Written once: an alias that names another version afterwards was moved by a person."""
    registry, obstacle = observed.registry, plan.rollout.obstacle
    left = registry.left if isinstance(registry, RegistrySeen) else None
    if left is None or obstacle is None or observed.previous.offered == str(left.version):
        return
    yield HistoryEntry(
        time=now,
        decision=ADOPTION_NEEDED,
        dataset=left.dataset_digest or None,
        version=str(left.version),
        reason=obstacle.message,
    )


def _of_drift(
    observed: Observed, conditions: Sequence[Condition], now: str
) -> Iterator[HistoryEntry]:
    """That it began, and that it ended."""
    was = observed.previous.condition(ConditionType.DRIFT_DETECTED)
    turned = _turned(observed, conditions, ConditionType.DRIFT_DETECTED)
    lasted = was is not None and was.reason == Reason.IMAGES_DRIFTED
    worth_telling = (Reason.NO_DRIFT,) if lasted else (Reason.IMAGES_DRIFTED,)
    if turned is None or turned.reason not in worth_telling:
        return
    about = (turned.reason, str(served_version(observed)))
    told = (item for item in observed.previous.history if (item.decision, item.version) == about)
    latest = next(told, None)
    if latest is not None and moments.after(latest.time, DRIFT_TOLD_SECONDS) > now:
        return
    yield HistoryEntry(
        time=now, decision=turned.reason, version=about[1], by=OPERATOR, reason=turned.message
    )
