"""Writes a child, and never an object of somebody else's that happens to bear its name.

`observe` has looked before, so this guards the moment in between. What the operator notes on a
child: the digest of what it applied, which installation that was, and whose writes it put right.
Called by `apply`, and by `compare` to know what would be applied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Defaults, Location
from dandelion_operator.api.reasons import name_taken
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.children import (
    ApplyBudget,
    ApplyDeployment,
    ApplyIngress,
    ApplyPolicy,
    ApplyRoute,
    ApplyS3Account,
    ApplyService,
    RefreshSecret,
)
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError, ConflictError
from dandelion_operator.ports.kube.objects import (
    DEPLOYMENT,
    HTTP_ROUTE,
    INGRESS,
    JOB,
    NETWORK_POLICY,
    POD_DISRUPTION_BUDGET,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
    is_owned,
)
from dandelion_operator.ports.s3.credentials import from_folder, signing_keys

ADJUSTED = ("replicas", "progressDeadlineSeconds", "revisionHistoryLimit")


class NameTakenError(ClusterError):
    """An object of that name exists and belongs to somebody else."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, name_taken(kind, name).message)


ChildAction = (
    RefreshSecret
    | ApplyS3Account
    | ApplyService
    | ApplyDeployment
    | ApplyBudget
    | ApplyRoute
    | ApplyIngress
    | ApplyPolicy
)


def child(
    action: ChildAction,
    resource: Resource,
    location: Location,
    defaults: Defaults,
) -> tuple[Kind, dict[str, Any]]:
    match action:
        case RefreshSecret(purpose) if purpose in location.by_account:
            keys = signing_keys(defaults.signing_files).get(purpose, {})
            return SECRET, builders.purpose_secret(resource, purpose, keys)
        case RefreshSecret(purpose, key=key):
            credentials = from_folder(defaults.credentials_dirs[purpose])
            if key is not None:
                return SECRET, builders.temporary_secret(resource, purpose, key, credentials)
            return SECRET, builders.credentials_secret(resource, purpose, credentials)
        case ApplyService():
            return SERVICE, builders.service(resource)
        case ApplyS3Account(naming.TRAINING):
            return SERVICE_ACCOUNT, _training_account(resource, location, defaults)
        case ApplyS3Account():
            told = digests.identity(resource, defaults, naming.INFERENCE)
            return SERVICE_ACCOUNT, builders.service_account(resource, told)
        case ApplyBudget():
            return POD_DISRUPTION_BUDGET, builders.disruption_budget(resource)
        case ApplyRoute():
            assert location.route is not None
            return HTTP_ROUTE, builders.http_route(resource, location.route)
        case ApplyIngress():
            assert location.ingress is not None
            return INGRESS, builders.ingress(resource, location.ingress)
        case ApplyPolicy(component):
            spec = (location.policies or {})[component]
            return NETWORK_POLICY, builders.network_policy(resource, component, spec)
        case ApplyDeployment(target, sets_replicas):
            wanted = builders.deployment(resource, target, location, defaults)
            if not sets_replicas:
                del wanted["spec"]["replicas"]
            return DEPLOYMENT, wanted


def _training_account(resource: Resource, location: Location, defaults: Defaults) -> dict[str, Any]:
    goes = location.training_goes_by_account
    told = digests.identity(resource, defaults, naming.TRAINING) if goes else None
    return builders.training_account(resource, told)


def with_notes(
    wanted: dict[str, Any], installation: str, corrected: Sequence[str]
) -> dict[str, Any]:
    metadata = wanted["metadata"]
    annotations = {
        **metadata.get("annotations", {}),
        naming.APPLIED_ANNOTATION: applied_digest(wanted),
        naming.INSTALLATION_ANNOTATION: installation,
        **notes(corrected),
    }
    return {**wanted, "metadata": {**metadata, "annotations": annotations}}


def notes(corrected: Sequence[str]) -> dict[str, str]:
    return {naming.CORRECTED_ANNOTATION: ",".join(corrected)} if corrected else {}


def applied_digest(wanted: Mapping[str, Any]) -> str:
    """Of a child without what is adjusted by itself, and without secrets."""
    spec = {name: value for name, value in wanted.get("spec", {}).items() if name not in ADJUSTED}
    return digests.digest([wanted["metadata"], spec, sorted(wanted.get("data", {}))])


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


async def let_in(
    job: Mapping[str, Any],
    resource: Resource,
    location: Location,
    defaults: Defaults,
    cluster: Cluster,
) -> None:
    """Has MLflow let a run's pods in, before there are any. Raises NameTakenError and
    ClusterError.
    """
    access = defaults.registry_access
    account = job["spec"]["template"]["spec"].get("serviceAccountName")
    if access is None or account is None:
        return
    if account == naming.training_account(resource.key):
        own = _training_account(resource, location, defaults)
        await apply_child(SERVICE_ACCOUNT, own, resource, cluster)
    binding = builders.training_binding(resource, access, account)
    await apply_child(ROLE_BINDING, binding, resource, cluster)


async def create_job(wanted: dict[str, Any], resource: Resource, cluster: Cluster) -> None:
    """Or finds it: its name says all that it is. Raises NameTakenError and ClusterError."""
    try:
        await cluster.create(JOB, wanted)
    except ConflictError:
        name = wanted["metadata"]["name"]
        there = await cluster.get(JOB, resource.namespace, name)
        if there is not None and not is_owned(there, resource.uid):
            raise NameTakenError("Job", name) from None
