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
    uri = resource.spec.dataset.storage_uri
    if isinstance(contract, ContractSeen) and contract.dataset_uri:
        evidence = f"it learnt from {contract.dataset_uri} and not from {uri}"
    elif isinstance(contract, Failure):
        evidence = f"nothing shows that it learnt from {uri}: {contract.message}"
    else:
        evidence = f"nothing shows that it learnt from {uri}"
    asked = (
        f" ({ADOPT_ANNOTATION} is {resource.adopt!r} now; the number of the version is needed)"
        if resource.adopt
        else ""
    )
    return Failure(
        Reason.ADOPTION_NEEDED,
        f"the alias champion names version {number} of {naming.registered_model(key)}, which a "
        f"former ModelDeployment of this name left: {evidence}. So it is not served, and a version "
        f"that is trained now takes its place once it passes. To serve it all the same: kubectl "
        f"annotate mdep {key.name} -n {key.namespace} --overwrite {ADOPT_ANNOTATION}={number}"
        f"{asked}",
    )
