"""Entries about versions: what the gate said, and which one the alias names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dandelion_operator.api.resource import ADOPT_ANNOTATION, PROMOTE_ANNOTATION, Resource
from dandelion_operator.api.status.history import (
    ADOPTED,
    ADOPTION_NEEDED,
    FOLLOWED,
    FOLLOWED_ALIAS,
    GATE,
    PERSON,
    PROMOTED,
    REJECTED,
    UNDECIDED,
    HistoryEntry,
)
from dandelion_operator.api.status.training import Training
from dandelion_operator.api.status.versions import Challenger, PromotionRequest, PromotionState
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.report.figures import figures
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen, Verdict

VERDICT_DECISIONS: Mapping[str | None, str] = {
    Verdict.REJECTED: REJECTED,
    Verdict.UNDECIDED: UNDECIDED,
    Verdict.AWAITING: "AwaitingApproval",
    Verdict.OBSERVED: "Observed",
}


def of_challenger(
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


def of_champion(
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


def of_what_was_left(observed: Observed, plan: Plan, now: str) -> Iterator[HistoryEntry]:
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
