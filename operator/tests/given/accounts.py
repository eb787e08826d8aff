"""An installation whose pods reach S3 by ServiceAccounts, and what is in the cluster then."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from small_world import World

ROLE = "eks.amazonaws.com/role-arn"
ARN = "arn:aws:iam::123:role/{namespace}-{name}"
SIGNING = {"training": "one", "logs": "another"}
# What was signed with the keys of before is signed with the same now.
FORMER = {"training": "training-secret", "logs": "logs-secret"}
ACCOUNTS = {naming.TRAINING: "lawn-training", naming.INFERENCE: "lawn-inference"}


def by_accounts(world: World, signing: dict[str, str] | None = None, arn: str = ARN) -> None:
    world.with_identity(
        signing or SIGNING, training={ROLE: f"{arn}-train"}, inference={ROLE: f"{arn}-serve"}
    )


def generation(world: World) -> int:
    found: int = world.cluster.one("deployments", "lawn-inference")["metadata"]["generation"]
    return found


def role(world: World, component: str) -> str:
    account = world.cluster.one("serviceaccounts", ACCOUNTS[component])
    found: str = account["metadata"]["annotations"][ROLE]
    return found


def pod_of(world: World, plural: str) -> dict[str, Any]:
    (found,) = world.cluster.kind(plural)
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


def files(pod: dict[str, Any]) -> set[str]:
    """What is mounted of Secrets."""
    return {
        item["path"]
        for volume in pod["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        for item in source.get("secret", {}).get("items", ())
    }
