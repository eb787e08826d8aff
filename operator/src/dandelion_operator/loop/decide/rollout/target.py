"""Which version the inference Deployment is to serve.

Whatever cannot be established (registry away, alias gone, artifact broken) keeps the version that
serves; only a champion whose artifact was verified replaces it.
"""

from __future__ import annotations

from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.seen.observed import Observed


def wanted_target(observed: Observed) -> tuple[Target | None, Failure | None]:
    """The version to serve, and what stands against the champion where that is not it."""
    deployed = observed.deployment.target if observed.deployment is not None else None
    registry = observed.registry
    if isinstance(registry, Failure):
        return deployed, registry
    if registry.champion is None:
        if registry.versions:
            return deployed, Failure(
                Reason.ALIAS_MISSING,
                "no version has the alias champion; what serves goes on serving",
            )
        return deployed, Failure(Reason.NO_VERSION, "no version has been registered yet")
    champion = registry.version(registry.champion)
    if champion is None:
        return deployed, Failure(
            Reason.ARTIFACT_REJECTED,
            f"the alias champion names version {registry.champion}, which does not exist",
        )
    if deployed is not None and deployed == champion.target:
        return deployed, None
    artifact = observed.artifacts.get(champion.version)
    if artifact is None:
        artifact = Failure(Reason.STORAGE_UNREACHABLE, "its artifact has not been looked at yet")
    if isinstance(artifact, Failure):
        return deployed, Failure(
            artifact.reason, f"version {champion.version} cannot be served: {artifact.message}"
        )
    return champion.target, None
