"""Whether an artifact was made for this resource: anybody who reaches MLflow may register a version
whose source lies anywhere, with the digest of whatever lies there; and whoever may edit Deployments
may have serving pods fetch it.

Facts; called by `observe`, so that nothing foreign is even read.
"""

from __future__ import annotations

from dandelion_operator.api import naming
from dandelion_operator.api.location import split_uri
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.seen.versions import ContractSeen

NO_FOLDERS = frozenset({"", ".", ".."})


def foreign_source(source: str, key: NamespacedName, bucket: str) -> Failure | None:
    """None where the source lies where this resource's runs write."""
    own = naming.artifacts_uri(bucket, key)
    inside = source.startswith(own) and not NO_FOLDERS & {*source.removeprefix(own).split("/")}
    if inside:
        return None
    return Failure(
        Reason.ARTIFACT_REJECTED,
        f"its source {source or '(none)'} does not lie below {own}, where the runs of this "
        "ModelDeployment write; only what they wrote is served",
    )


def lies_below_another_name(source: str, key: NamespacedName) -> bool:
    """Whatever its bucket: `storage.bucket` may have changed since it was made."""
    bucket = split_uri(source)[0]
    return foreign_source(source, key, bucket) is not None


def foreign_contract(contract: ContractSeen, key: NamespacedName) -> Failure | None:
    """None where the contract names this resource's registered model."""
    own = naming.registered_model(key)
    if contract.model == own:
        return None
    made_for = f"the model {contract.model}" if contract.model else "no model"
    return Failure(
        Reason.ARTIFACT_REJECTED,
        f"its contract names {made_for} and not {own}; only what the runs of this ModelDeployment "
        "wrote is served",
    )
