"""The parts of the status that are not conditions: champion, challenger, training and so on."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator import digests, naming
from dandelion_operator.candidate import newest_of_wish
from dandelion_operator.last_run import LastRun
from dandelion_operator.observed import ContractSeen, Observed, RegistrySeen, Verdict
from dandelion_operator.plan import Course, Plan
from dandelion_operator.reasons import Failure, Reason
from dandelion_operator.report.conditions import FALSE, TRUE
from dandelion_operator.resource import Precision, Resource
from dandelion_operator.status import (
    Challenger,
    Champion,
    Condition,
    ConditionType,
    DatasetInfo,
    RunState,
    Training,
)


def champion(resource: Resource, observed: Observed, plan: Plan) -> Champion | None:
    """The version that serves: a new one takes the place once nothing of the former is left."""
    target, before = plan.rollout.target, observed.previous.champion
    if target is None:
        return None
    if not (observed.serves_only(target) or _is(before, target.version)):
        return before and before.model_copy(
            update={"served_replicas": _served(observed, int(before.version))}
        )
    same = before if _is(before, target.version) else None
    registry = observed.registry
    version = registry.version(target.version) if isinstance(registry, RegistrySeen) else None
    contract = observed.artifacts.get(target.version)
    known = dict(same.metrics) if same else {}
    return Champion(
        version=str(target.version),
        run_id=version.run_id if version else same.run_id if same else None,
        run=version.run if version else same.run if same else None,
        metrics=dict(contract.metrics) if isinstance(contract, ContractSeen) else known,
        digest=target.contract_digest,
        precision=_precision(resource, contract, same),
        served_replicas=_served(observed, target.version),
    )


def _precision(
    resource: Resource, contract: ContractSeen | Failure | None, same: Champion | None
) -> str | None:
    """What is asked for, and for `auto` what training measured to be good enough."""
    asked = resource.spec.serving.precision
    if asked is not Precision.AUTO:
        return asked.value
    if isinstance(contract, ContractSeen):
        return contract.precision
    return same.precision if same else None


def _is(champion: Champion | None, version: int) -> bool:
    return champion is not None and champion.version == str(version)


def _served(observed: Observed, version: int) -> int:
    return sum(pod.ready and not pod.deleting and pod.version == version for pod in observed.pods)


def challenger(
    resource: Resource, observed: Observed, champion: Champion | None
) -> Challenger | None:
    registry, before = observed.registry, observed.previous.challenger
    if not isinstance(registry, RegistrySeen):
        return before
    version = registry.version(registry.challenger) or newest_of_wish(resource, registry)
    above = max(registry.champion or 0, int(champion.version) if champion is not None else 0)
    if version is None or version.version == registry.champion:
        return None
    named = version.version == registry.challenger
    if not named and (version.version <= above or version.verdict == Verdict.PROMOTED):
        return None  # older than what serves, or it served and somebody rolled it back
    contract = observed.artifacts.get(version.version)
    same = before if before is not None and before.version == str(version.version) else None
    known = dict(same.metrics) if same else {}
    return Challenger(
        version=str(version.version),
        run_id=version.run_id or None,
        metrics=dict(contract.metrics) if isinstance(contract, ContractSeen) else known,
        verdict=version.verdict or None,
    )


def training(
    resource: Resource, observed: Observed, plan: Plan, last: LastRun | None, now: str
) -> Training | None:
    if last is None:
        return observed.previous.training
    before = observed.previous.training
    same = before if before is not None and before.run == last.run else None
    progress = observed.progress if observed.progress.run == last.run else None
    state = last.state
    if plan.train.course is Course.SUSPENDED and not state.finished:
        state = RunState.SUSPENDED
    percent = progress.percent if progress else same.progress_percent if same else 0
    finished = last.finished or (same.finished_at if same else None)
    run_id = (last.version.run_id if last.version else None) or (progress and progress.run_id)
    return Training(
        job_name=last.job_name or naming.job(resource.key, last.run),
        run=last.run,
        wish=last.wish,
        run_id=run_id or (same.run_id if same else None),
        progress_percent=100 if state is RunState.SUCCEEDED else max(0, min(percent, 100)),
        stage=None if state.finished else progress.stage if progress else None,
        state=state,
        started_at=last.started or (same.started_at if same else None),
        finished_at=(finished or now) if state.finished else None,
        trigger=last.trigger or (same.trigger if same else None),
        reason=last.reason,
        message=last.message,
        dataset_fingerprint=last.fingerprint or (same.dataset_fingerprint if same else None),
        retrain=(last.retrain if last.retrain is not None else same.retrain if same else None)
        or _known_retrain(resource, last),
    )


def _known_retrain(resource: Resource, last: LastRun) -> str | None:
    """A run found again by its version alone: its wish tells whether the annotation was in it."""
    if resource.retrain and last.wish == digests.wish(resource):
        return resource.retrain
    return None


def dataset(observed: Observed, last: LastRun | None) -> DatasetInfo | None:
    progress = observed.progress
    if progress.dataset_digest:
        return DatasetInfo(
            digest=progress.dataset_digest, images=progress.images, classes=progress.classes
        )
    contract = observed.artifacts.get(last.version.version) if last and last.version else None
    if isinstance(contract, ContractSeen):
        return DatasetInfo(
            digest=contract.dataset_digest, images=contract.images, classes=contract.classes
        )
    return observed.previous.dataset


def phase(told: Sequence[Condition]) -> str:
    """One word for people; nothing reads it back."""
    by_type = {item.type: item for item in told}
    reason = {kind: item.reason for kind, item in by_type.items()}
    status = {kind: item.status for kind, item in by_type.items()}
    is_ready = status.get(ConditionType.READY) == TRUE
    for holds, word in (
        (status.get(ConditionType.ACCEPTED) == FALSE and not is_ready, "Blocked"),
        (reason.get(ConditionType.TRAINED) == Reason.TRAINING_RUNNING, "Training"),
        (reason.get(ConditionType.ROLLED_OUT) == Reason.PROGRESSING, "RollingOut"),
        (is_ready, "Serving"),
        (reason.get(ConditionType.TRAINED) == Reason.SUSPENDED, "Suspended"),
        (reason.get(ConditionType.PROMOTED) == Reason.AWAITING_APPROVAL, "AwaitingApproval"),
        (reason.get(ConditionType.READY) == Reason.SCALED_TO_ZERO, "ScaledToZero"),
        (status.get(ConditionType.TRAINED) == FALSE, "Failed"),
        (
            status.get(ConditionType.ROLLED_OUT) == FALSE
            and status.get(ConditionType.PROMOTED) == TRUE,
            "Degraded",
        ),
    ):
        if holds:
            return word
    return "Pending"
