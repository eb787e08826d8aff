"""Promote?: a registry that was lost gets its versions and its champion back before anything else.

The mark on the registered model comes first and goes last, so a crash in between is taken up. What
is registered already is found by the digest of its contract.
"""

from __future__ import annotations

from datetime import UTC, datetime

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.history import FOLLOWED, OPERATOR, RESTORED, TRAINED
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.gate.facts import Facts
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.decisions import PromoteDecision, Promotion
from dandelion_operator.loop.decide.plan.versions import (
    BeginRestoring,
    ConfirmAlias,
    EndRestoring,
    RegisterVersion,
    SetAlias,
    SetVerdict,
)
from dandelion_operator.seen.conclusions.lost import registry_is_lost, served_digests
from dandelion_operator.seen.versions import StoredArtifact, Verdict, VersionSeen

CHAMPION = "champion"
AGAIN = "registered again after MLflow had lost it"


def the_registry_was_lost(facts: Facts) -> PromoteDecision | None:
    registry, stored = facts.registry, facts.observed.stored
    if not registry_is_lost(facts.observed.previous, registry):
        return None
    if isinstance(stored, Failure):
        model = naming.registered_model(facts.resource.key)
        words = (
            f"MLflow no longer knows versions of {model} that it held; they are registered again "
            f"once their contracts can be read: {stored.message}; {facts.observed.goes_on}"
        )
        return PromoteDecision(words, waiting=Failure(Reason.REGISTRY_LOST, words))
    if not stored and not registry.restoring:
        return None  # nothing to restore from
    missing = [
        item
        for item in stored
        if registry.of_contract(item.contract_digest) is None
        and registry.of_run(item.run) is None
        and item.run not in _registering(facts)
    ]
    if missing or not registry.restoring:
        registrations = (_registration(facts, item) for item in missing)
        return PromoteDecision(actions=(BeginRestoring(), *registrations))
    return _champion_again(facts)


def _champion_again(facts: Facts) -> PromoteDecision:
    """What serves, unless a person was faster; told before the mark goes."""
    registry, served = facts.registry, _served(facts)
    champion, actions = registry.version(registry.champion), tuple[Action, ...]()
    if served is not None and registry.champion is None:
        champion = served
        actions = (
            SetVerdict(
                served.version, Verdict.PROMOTED, f"it served; {AGAIN}", facts.gate, by=OPERATOR
            ),
            ConfirmAlias(CHAMPION, None),
            SetAlias(CHAMPION, served.version),
        )
    # The moment at which MLflow made the model tells this loss from another.
    trigger = f"the model of {datetime.fromtimestamp(registry.created, UTC):%Y-%m-%dT%H:%M:%SZ}"
    history = facts.observed.previous.history
    if not actions and any(entry.trigger == trigger for entry in history):
        return PromoteDecision(actions=(EndRestoring(),))
    count = len(registry.versions)
    again = (
        f"MLflow had lost the model; {count} version{'' if count == 1 else 's'} registered again"
    )
    told = Promotion(
        None if champion is None else champion.version,
        f"{again} from S3; "
        f"{'none of them is what served' if champion is None else _named(champion)}",
        "" if champion is None else champion.dataset_digest,
        RESTORED,
        trigger,
    )
    return PromoteDecision(actions=actions, promotion=told)


def _named(champion: VersionSeen) -> str:
    return f"version {champion.version} is the champion"


def _served(facts: Facts) -> VersionSeen | None:
    digests = served_digests(facts.observed.previous, facts.registry)
    found = (facts.registry.of_contract(digest) for digest in digests)
    return next((version for version in found if version is not None), None)


def _registering(facts: Facts) -> set[str]:
    """Runs that register their own version when they end."""
    return {job.run for job in facts.observed.jobs if not (job.state.finished or job.deleting)}


def _registration(facts: Facts, artifact: StoredArtifact) -> RegisterVersion:
    hashes = {job.run: job.training_hash for job in facts.observed.jobs}
    last = facts.observed.previous.training
    if last is not None:
        hashes.setdefault(last.run, last.training_hash)
    training_hash = hashes.get(artifact.run, "")
    if training_hash and not _was_champion(facts, artifact):
        return RegisterVersion(artifact, training_hash)  # the gate judges it, as it would have
    return RegisterVersion(artifact, training_hash, Verdict.RESTORED, AGAIN)


def _was_champion(facts: Facts, artifact: StoredArtifact) -> bool:
    """Whatever had the alias once is not promoted again: a person may have rolled it back."""
    previous = facts.observed.previous
    if artifact.contract_digest in served_digests(previous, facts.registry):
        return True
    made = next(
        (
            entry.version
            for entry in previous.history
            if entry.decision == TRAINED and entry.reason == f"run {artifact.run}"
        ),
        None,
    )
    if made is not None:
        return any(
            entry.decision in FOLLOWED and entry.version == made for entry in previous.history
        )
    # What the history does not tell of may have been.
    last = previous.training
    return last is not None and last.run == artifact.run and last.state is RunState.SUCCEEDED
