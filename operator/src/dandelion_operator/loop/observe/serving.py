"""Reads for serving: what pods say of themselves, how often their answers were right, and when
somebody reviewed them last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.api.spec.feedback import FeedbackMode
from dandelion_operator.loop.observe import readings
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.loop.observe.waiting import Told
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import (
    AUTOSCALER,
    ENDPOINT_SLICE,
    POD_DISRUPTION_BUDGET,
)
from dandelion_operator.ports.lookups import Pending
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.seen.live import LiveAccuracySeen, ReviewsSeen
from dandelion_operator.seen.serving import (
    Answer,
    BudgetSeen,
    DeploymentSeen,
    PodSeen,
    ServiceSeen,
)
from dandelion_operator.seen.windows import PodWindows

ASKED_PODS = 3
# Of many, as many see what all see: a Service hands requests out to whichever pod.
ASKED_FOR_WINDOWS = 8
CONTROLLER_MANAGER = "kube-controller-manager"


async def live_accuracy(
    resource: Resource,
    location: Location,
    deployment: DeploymentSeen | None,
    credentials: ResolvedCredentials,
    clients: Clients,
) -> LiveAccuracySeen | Failure | None:
    """Of what serves, as people reviewed it; None: nobody did, or is asked to."""
    target = deployment.target if deployment is not None and deployment.ours else None
    if resource.spec.feedback.mode is FeedbackMode.DISABLED:
        return None
    if target is None or not target.contract_digest or credentials.training is None:
        return None
    key, digest = resource.key, target.contract_digest
    access = Access(location, credentials.training)
    found = await clients.lookups.get(
        key,
        "live accuracy",
        (access, digest),
        lambda: clients.storage.live(access, key, digest),
        or_last=True,
    )
    if found is Pending.PENDING:
        return Failure(Reason.STORAGE_UNREACHABLE, f"{location.endpoint} has not answered yet")
    return found


async def reviews(
    resource: Resource, location: Location, credentials: ResolvedCredentials, clients: Clients
) -> ReviewsSeen | Failure | None:
    """When people decided about answers last; None where they are not asked to."""
    if resource.spec.feedback.mode is FeedbackMode.DISABLED or credentials.training is None:
        return None
    key, access = resource.key, Access(location, credentials.training)
    found = await clients.lookups.get(
        key, "reviews", access, lambda: clients.storage.reviews(access, key), or_last=True
    )
    if found is Pending.PENDING:
        return Failure(Reason.STORAGE_UNREACHABLE, f"{location.endpoint} has not answered yet")
    return found


async def is_autoscaled(deployment: DeploymentSeen, key: NamespacedName, cluster: Cluster) -> bool:
    """Whether who scaled it last still does: a HorizontalPodAutoscaler may be gone since.

    Where that may not be asked, it does.
    """
    if deployment.scaled_by != CONTROLLER_MANAGER:
        return bool(deployment.scaled_by)
    try:
        found = await cluster.list(AUTOSCALER, key.namespace)
    except ClusterError as error:
        if not error.refused:
            raise
        return True
    targets = (item["spec"]["scaleTargetRef"] for item in found)
    wanted = ("Deployment", naming.inference(key))
    return any((target.get("kind"), target.get("name")) == wanted for target in targets)


async def endpoints(key: NamespacedName, cluster: Cluster) -> frozenset[str] | None:
    """The ready ones of the Service; None where that may not be asked, or there are no slices."""
    owned = naming.as_selector({naming.OWNER_LABEL: key.name})
    try:
        slices = await cluster.list(ENDPOINT_SLICE, key.namespace, owned)
    except ClusterError as error:
        if not error.refused:
            raise
        return None
    return readings.ready_endpoints(slices, naming.inference(key))


async def budget(
    resource: Resource, clients: Clients
) -> tuple[BudgetSeen, Mapping[str, Any] | None]:
    """And as the API server holds it. An operator that may not read budgets makes none."""
    try:
        found = await clients.cluster.list(POD_DISRUPTION_BUDGET, resource.namespace)
    except ClusterError as error:
        if not error.refused:
            raise
        return BudgetSeen(another_covers=True), None
    name = naming.inference(resource.key)
    raw = next((item for item in found if item["metadata"]["name"] == name), None)
    return readings.budget(found, resource.key, resource.uid), raw


def pods(
    resource: Resource, raw_pods: Sequence[Mapping[str, Any]], told: Told, clients: Clients
) -> tuple[PodSeen, ...]:
    """As the API server has them, and what those said last that are not ready."""
    silent = [raw for raw in raw_pods if _can_be_asked(raw)][:ASKED_PODS]
    addresses = {
        raw["metadata"]["name"]: (str(raw["status"]["podIP"]), readings.probes_port(raw))
        for raw in silent
    }
    said = clients.probes.pods(resource.key, addresses)
    return tuple(readings.pod(raw, said.get(raw["metadata"]["name"]), told) for raw in raw_pods)


def windows(
    resource: Resource,
    raw_pods: Sequence[Mapping[str, Any]],
    deployment: DeploymentSeen | None,
    clients: Clients,
) -> tuple[PodWindows, ...]:
    """What ready pods of the version that is to be served said last of their answers of late."""
    target = deployment.target if deployment is not None else None
    found = [(readings.pod(raw, None), raw) for raw in raw_pods if _is_ready(raw)]
    serving = [(pod, raw) for pod, raw in found if target and pod.version == target.version]
    asked = sorted(serving, key=lambda each: each[0].name)[:ASKED_FOR_WINDOWS]
    addresses = {
        pod.name: (str(raw["status"]["podIP"]), readings.probes_port(raw)) for pod, raw in asked
    }
    told = clients.probes.windows(resource.key, addresses)
    return tuple(
        PodWindows(pod.name, pod.version, told[pod.name][1], pending=not told[pod.name][0])
        for pod, _ in asked
    )


def answer(
    resource: Resource,
    service: ServiceSeen | None,
    raw_pods: Sequence[Mapping[str, Any]],
    endpoints: frozenset[str] | None,
    clients: Clients,
) -> Answer | None:
    """What the Service answered lately; None where no pod is ready to.

    A Service without a ready endpoint has nobody to answer, so it is not asked.
    """
    address = service.address if service is not None and service.ours else None
    ready = frozenset(raw["metadata"]["name"] for raw in raw_pods if readings.holds(raw, "Ready"))
    if not address or not ready:
        return None
    if endpoints is not None and not endpoints:
        return clients.probes.without_endpoints(resource.key, address, ready)
    return clients.probes.service(resource.key, address, (ready, endpoints))


def _can_be_asked(raw: Mapping[str, Any]) -> bool:
    return _runs(raw) and not readings.holds(raw, "Ready")


def _is_ready(raw: Mapping[str, Any]) -> bool:
    return _runs(raw) and readings.holds(raw, "Ready")


def _runs(raw: Mapping[str, Any]) -> bool:
    status = raw.get("status") or {}
    leaving = "deletionTimestamp" in raw["metadata"]
    return status.get("phase") == "Running" and bool(status.get("podIP")) and not leaving
