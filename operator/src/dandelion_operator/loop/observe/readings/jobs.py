"""From Jobs and their pods: how runs, evaluations and ingests go, and what holds them up or ended
them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from dandelion_operator.api import moments, naming
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.api.words import foreign, is_word
from dandelion_operator.loop.observe import waiting
from dandelion_operator.loop.observe.readings.objects import NOTHING, condition, holds, writer_of
from dandelion_operator.loop.observe.waiting import Told
from dandelion_operator.ports.kube.objects import is_owned
from dandelion_operator.seen.conclusions.waiting import waiting as pending
from dandelion_operator.seen.training import (
    NO_SUSPENSION,
    EvaluationJobSeen,
    IngestJobSeen,
    JobSeen,
    Suspension,
)

MESSAGE_LIMIT = 600
Number = TypeVar("Number", int, None)
KUEUE_QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


def job(raw: Mapping[str, Any], pods: Sequence[Mapping[str, Any]], told: Told = NOTHING) -> JobSeen:
    metadata, status = raw["metadata"], raw.get("status") or {}
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    own = [pod for pod in pods if is_owned(pod, metadata["uid"])]
    state = _job_state(raw, own)
    suspension = _suspension(raw)
    reason, message = _job_cause(raw, own, state, told)
    held_up = waiting.of_job(raw, own, told) if state is RunState.PENDING else None
    return JobSeen(
        name=metadata["name"],
        run=labels.get(naming.RUN_LABEL, ""),
        training_hash=labels.get(naming.TRAINING_HASH_LABEL)
        or labels.get(naming.FIRST_TRAINING_HASH_LABEL, ""),
        state=state,
        created=metadata["creationTimestamp"],
        started=status.get("startTime"),
        finished=_finished(raw, state),
        deleting="deletionTimestamp" in metadata,
        lost="deletionTimestamp" in metadata and bool(own) and all(_is_lost(pod) for pod in own),
        trigger=annotations.get(naming.TRIGGER_ANNOTATION),
        trigger_message=annotations.get(naming.TRIGGER_MESSAGE_ANNOTATION),
        decided=_time(annotations.get(naming.DECIDED_AT_ANNOTATION)),
        fingerprint=annotations.get(naming.FINGERPRINT_ANNOTATION),
        retrain=annotations.get(naming.RETRAIN_VALUE_ANNOTATION, ""),
        reason=reason,
        message=message or _held_words(suspension),
        waiting=pending(*held_up, otherwise=Reason.TRAINING_PENDING) if held_up else None,
        suspension=suspension,
        attempt=_number(annotations.get(naming.ATTEMPT_ANNOTATION), 1),
        execution=annotations.get(naming.EXECUTION_ANNOTATION),
        ttl_seconds=raw["spec"].get("ttlSecondsAfterFinished"),
        expiry=_number(annotations.get(naming.EXPIRY_ANNOTATION), None),
        searches=naming.SEARCH_LABEL in labels,
    )


def _number(text: str | None, otherwise: Number) -> int | Number:
    return int(text) if text and text.isdigit() else otherwise


def _time(text: str | None) -> str | None:
    found = moments.moment(text)
    return moments.written(found) if found is not None else None


def is_evaluation(raw: Mapping[str, Any]) -> bool:
    """Whether a Job compares versions only; it is no run of training and must not count as one."""
    return naming.EVALUATION_LABEL in (raw["metadata"].get("labels") or {})


def evaluation_job(
    raw: Mapping[str, Any], pods: Sequence[Mapping[str, Any]], told: Told = NOTHING
) -> EvaluationJobSeen:
    metadata = raw["metadata"]
    own = [pod for pod in pods if is_owned(pod, metadata["uid"])]
    state = _job_state(raw, own)
    suspension = _suspension(raw)
    reason, message = _job_cause(raw, own, state, told)
    return EvaluationJobSeen(
        name=metadata["name"],
        evaluation=metadata["labels"][naming.EVALUATION_LABEL],
        state=state,
        created=metadata["creationTimestamp"],
        gate=(metadata.get("annotations") or {}).get(naming.GATE_ANNOTATION, ""),
        deleting="deletionTimestamp" in metadata,
        reason=reason,
        message=message or _held_words(suspension),
        suspension=suspension,
        attempt=_number((metadata.get("annotations") or {}).get(naming.ATTEMPT_ANNOTATION), 1),
        finished=_finished(raw, state),
    )


def is_ingest(raw: Mapping[str, Any]) -> bool:
    """Whether a Job reads the images only, and so is no run either."""
    return naming.INGEST_LABEL in (raw["metadata"].get("labels") or {})


def ingest_job(
    raw: Mapping[str, Any], pods: Sequence[Mapping[str, Any]], told: Told = NOTHING
) -> IngestJobSeen:
    metadata = raw["metadata"]
    annotations = metadata.get("annotations") or {}
    own = [pod for pod in pods if is_owned(pod, metadata["uid"])]
    state = _job_state(raw, own)
    suspension = _suspension(raw)
    reason, message = _job_cause(raw, own, state, told)
    held_up = waiting.of_job(raw, own, told) if state is RunState.PENDING else None
    return IngestJobSeen(
        name=metadata["name"],
        ingest=metadata["labels"][naming.INGEST_LABEL],
        state=state,
        created=metadata["creationTimestamp"],
        deleting="deletionTimestamp" in metadata,
        reason=reason,
        message=message or _held_words(suspension),
        waiting=pending(*held_up, otherwise=Reason.TRAINING_PENDING) if held_up else None,
        suspension=suspension,
        attempt=_number(annotations.get(naming.ATTEMPT_ANNOTATION), 1),
        finished=_finished(raw, state),
        ttl_seconds=raw["spec"].get("ttlSecondsAfterFinished"),
        expiry=_number(annotations.get(naming.EXPIRY_ANNOTATION), None),
    )


def _finished(raw: Mapping[str, Any], state: RunState) -> str | None:
    if not state.finished:
        return None
    completed = (raw.get("status") or {}).get("completionTime")
    failed = condition(raw, "Failed") or {}
    ended: str | None = completed or failed.get("lastTransitionTime")
    return ended


def _is_lost(pod: Mapping[str, Any]) -> bool:
    """Told to go and no longer ready: its container has ended, or its node does not answer."""
    return "deletionTimestamp" in pod["metadata"] and not holds(pod, "Ready")


def _suspension(raw: Mapping[str, Any]) -> Suspension:
    """The operator notes on a Job that it suspended it; an older release did not.

    What it created suspended, an admission webhook did: Kueue's, which has a label of its own.
    """
    metadata, suspended = raw["metadata"], bool(raw["spec"].get("suspend"))
    owner = writer_of(raw, "spec", "suspend")
    if (metadata.get("annotations") or {}).get(naming.SUSPENDED_ANNOTATION):
        return Suspension(ours=True, undone_by="" if suspended else owner)
    if not suspended:
        return NO_SUSPENSION
    queue = (metadata.get("labels") or {}).get(KUEUE_QUEUE_LABEL)
    if queue:
        return Suspension(held_by=f"Kueue, in the queue {queue}")
    if owner != naming.FIELD_MANAGER:
        return Suspension(held_by=owner)
    created = metadata.get("generation", 1) <= 1
    return Suspension(held_by="an admission webhook") if created else Suspension(ours=True)


def _held_words(suspension: Suspension) -> str | None:
    held_by = suspension.held_by
    return f"its Job is suspended by {held_by}, and goes on once resumed there" if held_by else None


def _job_state(raw: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> RunState:
    if holds(raw, "Complete"):
        return RunState.SUCCEEDED
    if holds(raw, "Failed") and not any(map(_goes_on, pods)):
        return RunState.FAILED
    if raw["spec"].get("suspend"):
        return RunState.SUSPENDED
    phases = {(pod.get("status") or {}).get("phase") for pod in pods}
    return RunState.RUNNING if phases & {"Running", "Succeeded"} else RunState.PENDING


def _goes_on(pod: Mapping[str, Any]) -> bool:
    """As far as was seen: a Job fails after its pods, and other watches tell of those. Why it did
    is told by the pod's last state alone."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Pending", "Running") and "deletionTimestamp" not in pod["metadata"]


def _job_cause(
    raw: Mapping[str, Any], pods: Sequence[Mapping[str, Any]], state: RunState, told: Told
) -> tuple[str | None, str | None]:
    if state is RunState.PENDING:
        held_up = waiting.of_job(raw, pods, told)
        return None, ": ".join(filter(None, held_up)) if held_up else None
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
    return None, waiting.cleaned(failed.get("message")) or None


def _termination_message(pod: Mapping[str, Any]) -> tuple[str, str] | None:
    evicted = waiting.eviction([pod])
    if evicted is not None:
        return evicted
    for container in (pod.get("status") or {}).get("containerStatuses") or []:
        ended = (container.get("state") or {}).get("terminated")
        if not ended or ended.get("exitCode") == 0:
            continue
        try:
            written = json.loads(ended.get("message") or "")
            reason, words = str(written["reason"]), str(written.get("message") or "")
            return _word(reason), foreign(words, MESSAGE_LIMIT)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            if ended.get("reason") == "OOMKilled":
                return "OutOfMemory", "raise training.resources.limits.memory or lower batchSize"
            code = ended.get("exitCode")
            return "InternalError", f"its container ended with exit code {code}"
    return None


def _word(reason: str) -> str:
    """The image may be anybody's, and so may be what it writes before it ends."""
    return reason if is_word(reason) else "InternalError"
