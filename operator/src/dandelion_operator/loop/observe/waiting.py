"""Why a pod that is wanted does not run, in the words of whoever holds it up.

A pod's own conditions and containers say most of it. That a pod is refused, by a quota or by
admission, and that a volume cannot be mounted, only Events tell: those are read of what waits and
says nothing else. Called by `observe`; all but `events` is pure.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dandelion_operator.api.words import foreign, steady
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import EVENT, is_owned

Json = Mapping[str, Any]
Words = tuple[str, str]  # Kubernetes' reason and its message
Told = Mapping[str, Words]  # by the UID of the object that an Event is about

ASKED_OBJECTS = 3
EVENT_LIMIT = 100
MESSAGE_LIMIT = 600
STARTING = (None, "ContainerCreating", "PodInitializing")
TOLD_BY_EVENTS = frozenset(
    {"FailedCreate", "FailedMount", "FailedAttachVolume", "FailedMapVolume"}
    | {"FailedCreatePodSandBox"}
)


PULL_CAUSE = re.compile(
    r'^Back-off pulling image "[^"]*": (ErrImagePull): (.+)', re.DOTALL | re.IGNORECASE
)


async def events(
    namespace: str, jobs: Sequence[Json], pods: Sequence[Json], cluster: Cluster
) -> Told:
    """The last words about each object that waits in silence; without the right to read, none."""
    uids = [raw["metadata"]["uid"] for raw in _silent(jobs, pods)][:ASKED_OBJECTS]
    about = (f"involvedObject.uid={uid}" for uid in uids)
    try:
        found = await asyncio.gather(
            *(cluster.list(EVENT, namespace, fields=uid, limit=EVENT_LIMIT) for uid in about)
        )
    except ClusterError as error:
        if not error.refused:
            raise
        return {}
    told = ((uid, last_warning(items)) for uid, items in zip(uids, found, strict=True))
    return {uid: words for uid, words in told if words is not None}


def _silent(jobs: Sequence[Json], pods: Sequence[Json]) -> Iterator[Json]:
    for job in jobs:
        own = [pod for pod in pods if is_owned(pod, job["metadata"]["uid"])]
        if not (_ended(job) or job["spec"].get("suspend") or any(map(_lives, own))):
            yield job
    for pod in pods:
        pending = (pod.get("status") or {}).get("phase") in (None, "Pending")
        if pending and _lives(pod) and of_pod(pod, {}) is None:
            yield pod


def _ended(job: Json) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or []
    ends = {item["type"] for item in conditions if item.get("status") == "True"}
    return bool(ends & {"Complete", "Failed"}) or "deletionTimestamp" in job["metadata"]


def _lives(pod: Json) -> bool:
    ended = (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")
    return not ended and "deletionTimestamp" not in pod["metadata"]


def last_warning(found: Sequence[Json]) -> Words | None:
    """None where something else happened since: what was in the way is so no longer."""
    newest = max(found, key=lambda item: (_time(item), item.get("type") == "Warning"), default=None)
    if newest is None or newest.get("reason") not in TOLD_BY_EVENTS:
        return None
    return str(newest["reason"]), cleaned(newest.get("message"))


def _time(event: Json) -> str:
    """To the second, which is all that some of these fields have."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next(filter(None, times), event["metadata"].get("creationTimestamp", "")))[:19]


def of_pod(raw: Json, told: Told) -> Words | None:
    """Why a pod has not started, in Kubernetes' own words."""
    status = raw.get("status") or {}
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("reason")), cleaned(condition.get("message"))
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or []:
            held = (container.get("state") or {}).get("waiting")
            if held and held.get("reason") not in STARTING:
                return _of_container(str(held["reason"]), str(held.get("message") or ""))
    return told.get(raw["metadata"].get("uid", ""))


def _of_container(reason: str, message: str) -> Words:
    """Between two pulls kubelet says that it waits, and after that why; the why stays."""
    cause = PULL_CAUSE.search(message) if reason == "ImagePullBackOff" else None
    return (cause[1], cleaned(cause[2])) if cause else (reason, cleaned(message))


def of_job(raw: Json, pods: Sequence[Json], told: Told) -> Words | None:
    """Why a Job that has not started waits; `pods` are its own."""
    of_pods = (of_pod(pod, told) for pod in pods if _lives(pod))
    found = next(filter(None, of_pods), None) or told.get(raw["metadata"]["uid"])
    return found or (None if any(map(_lives, pods)) else eviction(pods))


def eviction(pods: Sequence[Json]) -> Words | None:
    """What became of the newest pod, if a node put it out."""
    newest = max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default=None)
    status = (newest or {}).get("status") or {}
    if status.get("phase") != "Failed" or status.get("reason") != "Evicted":
        return None
    return "Evicted", cleaned(status.get("message"))


def cleaned(message: object) -> str:
    """On one line, of bounded length, and the same for as long as what it tells of is.

    So without the name that the next pod will not have.
    """
    text = str(message or "").removeprefix("Error creating: ")
    text = re.sub(r'\bpods "[^"]*" is forbidden', "the pod is forbidden", text)
    return foreign(steady(text), MESSAGE_LIMIT)
