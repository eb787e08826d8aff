"""What a dataset version and a run begin with: the version before, and the starting weights.

Facts; asked by `train` and `ingest`, whose dataset versions are to be the same.
"""

from __future__ import annotations

from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen


def former_dataset(observed: Observed) -> str:
    """Its digest, or "". The status may be gone with a deleted resource; versions remember what
    they learnt from.
    """
    known = observed.previous.dataset
    if known is not None and known.version:
        return known.version
    registry = observed.registry
    if not isinstance(registry, RegistrySeen):
        return ""
    return next((item.dataset_digest for item in registry.versions if item.dataset_digest), "")


def initial_weights(resource: Resource, observed: Observed) -> str:
    """Without a champion the run is told just that: it starts as with auto, and says so."""
    wanted, champion = resource.spec.training.initial_weights, sound_champion(observed)
    if wanted != "champion" or champion is None:
        return wanted
    return f"{champion.artifact_uri.rstrip('/')}/model.safetensors"


def sound_champion(observed: Observed) -> Target | None:
    """None where its artifact is known to be broken: a run must not fail because of it."""
    registry = observed.registry
    if not isinstance(registry, RegistrySeen):
        return None
    champion = registry.incumbent
    if champion is None or not champion.contract_digest:
        return None
    artifact = observed.artifacts.get(champion.version)
    broken = isinstance(artifact, Failure) and not artifact.may_pass
    return None if broken else champion.target
