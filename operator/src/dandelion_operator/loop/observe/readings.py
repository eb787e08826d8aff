"""From the JSON of Jobs, Deployments, pods and Services to what the decisions need of them.

Pure; called by `observe`, the only folder that knows what such objects look like from outside.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Target
from dandelion_operator.api.status import RunState
from dandelion_operator.ports.kube.objects import is_owned
from dandelion_operator.seen.serving import DeploymentSeen, PodSeen, ServiceSeen
from dandelion_operator.seen.training import EvaluationJobSeen, JobSeen

PERMANENT = frozenset({"DigestMismatch", "ArtifactMissing", "ModelInvalid"})
MESSAGE_LIMIT = 600


def condition(raw: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    found = (raw.get("status") or {}).get("conditions") or []
    return next((item for item in found if item.get("type") == kind), None)


def holds(raw: Mapping[str, Any], kind: str) -> bool:
    found = condition(raw, kind)
    return found is not None and found.get("status") == "True"


def job(raw: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> JobSeen:
    metadata, status = raw["metadata"], raw.get("status") or {}
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    own = [pod for pod in pods if is_owned(pod, metadata["uid"])]
    state = _job_state(raw, own)
    reason, message = _job_cause(raw, own, state)
    failed = condition(raw, "Failed")
    finished = status.get("completionTime") or (failed or {}).get("lastTransitionTime")
    return JobSeen(
        name=metadata["name"],
        run=labels.get(naming.RUN_LABEL, ""),
        training_hash=labels.get(naming.TRAINING_HASH_LABEL, ""),
        state=state,
        created=metadata["creationTimestamp"],
        started=status.get("startTime"),
        finished=finished if state.finished else None,
        deleting="deletionTimestamp" in metadata,
        trigger=annotations.get(naming.TRIGGER_ANNOTATION),
        fingerprint=annotations.get(naming.FINGERPRINT_ANNOTATION),
        retrain=annotations.get(naming.RETRAIN_VALUE_ANNOTATION, ""),
        reason=reason,
        message=message,
    )


def is_evaluation(raw: Mapping[str, Any]) -> bool:
    """Whether a Job compares versions only; it is no run of training and must not count as one."""
    return naming.EVALUATION_LABEL in (raw["metadata"].get("labels") or {})


def evaluation_job(raw: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> EvaluationJobSeen:
    metadata = raw["metadata"]
    own = [pod for pod in pods if is_owned(pod, metadata["uid"])]
    state = _job_state(raw, own)
    reason, message = _job_cause(raw, own, state)
    return EvaluationJobSeen(
        name=metadata["name"],
        evaluation=metadata["labels"][naming.EVALUATION_LABEL],
        state=state,
        created=metadata["creationTimestamp"],
        gate=(metadata.get("annotations") or {}).get(naming.GATE_ANNOTATION, ""),
        deleting="deletionTimestamp" in metadata,
        reason=reason,
        message=message,
    )


def _job_state(raw: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> RunState:
    if holds(raw, "Complete"):
        return RunState.SUCCEEDED
    if holds(raw, "Failed"):
        return RunState.FAILED
    if raw["spec"].get("suspend"):
        return RunState.SUSPENDED
    phases = {(pod.get("status") or {}).get("phase") for pod in pods}
    return RunState.RUNNING if phases & {"Running", "Succeeded"} else RunState.PENDING


def _job_cause(
    raw: Mapping[str, Any], pods: Sequence[Mapping[str, Any]], state: RunState
) -> tuple[str | None, str | None]:
    if state is RunState.PENDING:
        return None, next(filter(None, (_waiting_words(pod) for pod in pods)), None)
    if state is not RunState.FAILED:
        return None, None
    failed = condition(raw, "Failed") or {}
    if failed.get("reason") == "DeadlineExceeded":
        return "DeadlineExceeded", "it took longer than training.activeDeadlineSeconds"
    newest_first = sorted(
        pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True
    )
    for pod in newest_first:
        cause = _termination_message(pod)
        if cause is not None:
            return cause
    return None, failed.get("message")


def _termination_message(pod: Mapping[str, Any]) -> tuple[str, str] | None:
    for container in (pod.get("status") or {}).get("containerStatuses") or []:
        ended = (container.get("state") or {}).get("terminated")
        if not ended or ended.get("exitCode") == 0:
            continue
        try:
            written = json.loads(ended.get("message") or "")
            return str(written["reason"]), str(written.get("message") or "")[:MESSAGE_LIMIT]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            if ended.get("reason") == "OOMKilled":
                return "OutOfMemory", "raise training.resources.limits.memory or lower batchSize"
            code = ended.get("exitCode")
            return "InternalError", f"its container ended with exit code {code}"
    return None


def _waiting_words(pod: Mapping[str, Any]) -> str | None:
    cause = waiting(pod)
    return f"{cause[0]}: {cause[1]}".rstrip(": ") if cause else None


def waiting(pod: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a pod has not started, in Kubernetes' own words."""
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled.get("status") == "False":
        return str(scheduled.get("reason")), str(scheduled.get("message") or "")[:MESSAGE_LIMIT]
    for container in (pod.get("status") or {}).get("containerStatuses") or []:
        held = (container.get("state") or {}).get("waiting")
        if held and held.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return str(held["reason"]), str(held.get("message") or "")[:MESSAGE_LIMIT]
    return None


def deployment(raw: Mapping[str, Any], uid: str) -> DeploymentSeen:
    metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
    progressing = condition(raw, "Progressing") or {}
    failing = condition(raw, "ReplicaFailure") or {}
    return DeploymentSeen(
        ours=is_owned(raw, uid),
        target=_target(spec["template"]),
        serving_digest=(metadata.get("annotations") or {}).get(naming.SERVING_DIGEST_ANNOTATION),
        generation=metadata.get("generation", 0),
        observed_generation=status.get("observedGeneration", 0),
        wanted_replicas=spec.get("replicas", 1),
        replicas=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        available=status.get("availableReplicas", 0),
        progress_deadline_seconds=spec.get("progressDeadlineSeconds"),
        revision_history_limit=spec.get("revisionHistoryLimit"),
        deadline_exceeded=progressing.get("reason") == "ProgressDeadlineExceeded",
        refused=failing.get("message") if failing.get("status") == "True" else None,
    )


def _target(template: Mapping[str, Any]) -> Target | None:
    containers = template["spec"].get("containers") or [{}]
    env = {item["name"]: item.get("value", "") for item in containers[0].get("env") or []}
    try:
        return Target(
            version=int(env["DANDELION_MODEL_VERSION"]),
            artifact_uri=env["DANDELION_ARTIFACT_URI"],
            contract_digest=env["DANDELION_CONTRACT_DIGEST"],
        )
    except (KeyError, ValueError):
        return None


def service(raw: Mapping[str, Any], uid: str) -> ServiceSeen:
    metadata = raw["metadata"]
    address = raw["spec"].get("clusterIP")
    return ServiceSeen(
        ours=is_owned(raw, uid),
        digest=(metadata.get("annotations") or {}).get(naming.SERVICE_DIGEST_ANNOTATION),
        address=address if address and address != "None" else None,
    )


def is_serving_pod(raw: Mapping[str, Any]) -> bool:
    """An evicted pod stays behind as a record of itself; nothing serves there."""
    labels, status = raw["metadata"].get("labels") or {}, raw.get("status") or {}
    ended = status.get("phase") in ("Failed", "Succeeded")
    return labels.get(naming.COMPONENT_LABEL) == naming.INFERENCE and not ended


def pod(raw: Mapping[str, Any], answer: tuple[str, str] | None) -> PodSeen:
    """`answer`: what the pod itself answered when it was asked why it is not ready."""
    metadata = raw["metadata"]
    version = (metadata.get("labels") or {}).get(naming.VERSION_LABEL, "")
    ready = holds(raw, "Ready")
    reason, message = (None, None) if ready else (answer or waiting(raw) or (None, None))
    return PodSeen(
        name=metadata["name"],
        version=int(version) if version.isdigit() else None,
        ready=ready,
        deleting="deletionTimestamp" in metadata,
        reason=reason,
        message=message,
        permanent=reason in PERMANENT,
    )
