"""Roll out?: what a former resource of this name left is offered to a person, not served."""

from __future__ import annotations

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import ADOPT_ANNOTATION, Resource
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen


def adoption_needed(resource: Resource, observed: Observed) -> Failure | None:
    registry = observed.registry
    if not isinstance(registry, RegistrySeen) or registry.left is None:
        return None
    number, key = registry.left.version, resource.key
    contract = observed.artifacts.get(number)
    learnt_from = contract.dataset_uri if isinstance(contract, ContractSeen) else ""
    asked = (
        f" ({ADOPT_ANNOTATION} is {resource.adopt!r} now; the number of the version is needed)"
        if resource.adopt
        else ""
    )
    return Failure(
        Reason.ADOPTION_NEEDED,
        f"the alias champion names version {number} of {naming.registered_model(key)}, which a "
        f"former ModelDeployment of this name left: it learnt from {learnt_from or 'other data'} "
        f"and not from {resource.spec.dataset.storage_uri}, so it is not served; a version that is "
        f"trained now takes its place once it passes. To serve it all the same: kubectl annotate "
        f"mdep {key.name} -n {key.namespace} --overwrite {ADOPT_ANNOTATION}={number}{asked}",
    )
