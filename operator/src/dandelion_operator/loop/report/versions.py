"""What the status tells of versions: the champion that serves, and a challenger beside it."""

from __future__ import annotations

from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec import Precision
from dandelion_operator.api.status import Challenger, Champion
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.seen.conclusions.candidate import newest_of_training_hash
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, Verdict


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
    version = registry.version(registry.challenger) or newest_of_training_hash(resource, registry)
    above = max(registry.champion or 0, int(champion.version) if champion is not None else 0)
    if version is None or version.version == registry.champion:
        return None
    named = version.version == registry.challenger
    served_once = version.verdict in (Verdict.PROMOTED, Verdict.RESTORED)
    if not named and (version.version <= above or served_once):
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
