"""Writes a child, and never an object of somebody else's that happens to bear its name.

`observe` has looked before, so this guards the moment in between. Called by `apply`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from dandelion_operator.api.reasons import name_taken
from dandelion_operator.api.resource import Resource
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError, ConflictError
from dandelion_operator.ports.kube.objects import JOB, Kind, is_owned


class NameTakenError(ClusterError):
    """An object of that name exists and belongs to somebody else."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, name_taken(kind, name).message)


async def apply_child(
    kind: Kind, wanted: dict[str, Any], resource: Resource, cluster: Cluster
) -> None:
    """Makes it or brings it up to date. Raises NameTakenError and ClusterError.

    With the uid of what was found, the API server answers with a conflict if another object has
    taken its place since.
    """
    name = wanted["metadata"]["name"]
    there = await cluster.get(kind, resource.namespace, name)
    if there is not None:
        if not is_owned(there, resource.uid):
            raise NameTakenError(wanted["kind"], name)
        metadata = wanted["metadata"] | {"uid": there["metadata"]["uid"]}
        wanted = wanted | {"metadata": metadata}
    await cluster.apply(kind, wanted)


async def create_job(wanted: dict[str, Any], resource: Resource, cluster: Cluster) -> None:
    """Or finds it: its name says all that it is. Raises NameTakenError and ClusterError."""
    try:
        await cluster.create(JOB, wanted)
    except ConflictError:
        name = wanted["metadata"]["name"]
        there = await cluster.get(JOB, resource.namespace, name)
        if there is not None and not is_owned(there, resource.uid):
            raise NameTakenError("Job", name) from None
