"""What the status tells of versions: the champion that serves, and a challenger beside it."""

from __future__ import annotations

from typing import TypeGuard

from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.serving import Precision
from dandelion_operator.api.status.versions import Challenger, Champion
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
    known = before if _is(before, target.version) else Champion(version=str(target.version))
    registry = observed.registry
    version = registry.version(target.version) if isinstance(registry, RegistrySeen) else None
    contract = observed.artifacts.get(target.version)
    return Champion(
        version=str(target.version),
        run_id=version.run_id if version else known.run_id,
        run=version.run if version else known.run,
        metrics=_metrics(contract, known),
        digest=target.contract_digest,
        precision=_precision(resource, contract, known),
        served_replicas=_served(observed, target.version),
    )


def _precision(
    resource: Resource, contract: ContractSeen | Failure | None, known: Champion
) -> str | None:
    """What is asked for, and for `auto` what training measured to be good enough."""
    asked = resource.spec.serving.precision
    if asked is not Precision.AUTO:
        return asked.value
    return contract.precision if isinstance(contract, ContractSeen) else known.precision


def _metrics(
    contract: ContractSeen | Failure | None, known: Champion | Challenger
) -> dict[str, float]:
    return dict(contract.metrics if isinstance(contract, ContractSeen) else known.metrics)


def _is(champion: Champion | None, version: int) -> TypeGuard[Champion]:
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
    name = str(version.version)
    known = before if before and before.version == name else Challenger(version=name)
    return Challenger(
        version=name,
        run_id=version.run_id or None,
        metrics=_metrics(contract, known),
        verdict=version.verdict or None,
    )
