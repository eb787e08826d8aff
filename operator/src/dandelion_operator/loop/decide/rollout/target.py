"""Which version the inference Deployment is to serve.

Whatever cannot be established (registry away, alias gone, artifact broken) keeps the version that
serves; only a champion whose artifact was verified replaces it.
"""

from __future__ import annotations

from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen


def wanted_target(observed: Observed) -> tuple[Target | None, Failure | None]:
    """The version to serve, and what stands against the champion where that is not it."""
    deployed = observed.deployment.target if observed.deployment is not None else None
    registry = observed.registry
    if isinstance(registry, Failure):
        return deployed, registry
    champion = registry.version(registry.champion)
    if champion is None:
        return deployed, _no_champion(observed, registry, deployed)
    if deployed == champion.target:
        return deployed, None
    artifact = observed.artifacts.get(champion.version)
    if artifact is None:
        artifact = Failure(Reason.STORAGE_UNREACHABLE, "its artifact has not been looked at yet")
    if isinstance(artifact, Failure):
        return deployed, Failure(
            artifact.reason,
            f"version {champion.version} cannot be served: {artifact.message}; {observed.goes_on}",
        )
    return champion.target, None


def _no_champion(observed: Observed, registry: RegistrySeen, deployed: Target | None) -> Failure:
    if registry.champion is not None:
        why = f"the alias champion names version {registry.champion}, which does not exist"
    elif deployed is not None and registry.version(deployed.version) is None:
        why = f"MLflow knows version {deployed.version} no more, and no version is the champion"
    elif registry.versions:
        why = "no version has the alias champion"
    else:
        return Failure(Reason.NO_VERSION, "no version has been registered yet")
    return Failure(
        Reason.ALIAS_MISSING,
        f"{why}; {observed.goes_on}. The next version that passes becomes the champion, or set the "
        "alias in MLflow",
    )
