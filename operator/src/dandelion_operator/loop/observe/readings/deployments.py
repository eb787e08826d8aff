"""From a Deployment: what serves, how far its rollout is, and who else steers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Target
from dandelion_operator.loop.observe import waiting
from dandelion_operator.loop.observe.readings.objects import (
    component,
    condition,
    goes_by_account,
    takes_session_token,
    writer_of,
)
from dandelion_operator.ports.kube import managed_fields
from dandelion_operator.ports.kube.objects import is_owned
from dandelion_operator.ports.kube.reviewers import rests_on_account
from dandelion_operator.seen.serving import DeploymentSeen


def deployment(
    raw: Mapping[str, Any], uid: str, pods: Sequence[Mapping[str, Any]] = ()
) -> DeploymentSeen:
    """`pods`: all of this resource that serve or did."""
    metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
    progressing = condition(raw, "Progressing") or {}
    failing = condition(raw, "ReplicaFailure") or {}
    refused = waiting.cleaned(failing.get("message"))
    evicted = waiting.eviction([pod for pod in pods if component(pod) == naming.INFERENCE])
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
        refused=refused if failing.get("status") == "True" else None,
        evicted=evicted[1] if evicted else None,
        scaled_by=_scaled_by(raw),
        by_account=goes_by_account(spec["template"]),
        takes_session_token=takes_session_token(spec["template"]),
        mounts_log_key=_mounts_log_key(spec["template"]),
        may_ask_api_server=rests_on_account(raw, metadata["name"]),
        paused_by=writer_of(raw, "spec", "paused") if spec.get("paused") else "",
    )


def _scaled_by(raw: Mapping[str, Any]) -> str:
    """An autoscaler sets replicas by the scale subresource; so does `kubectl scale`, for once."""
    for writer in managed_fields.writers(raw, "spec", "replicas"):
        if writer.subresource == "scale" and not writer.manager.startswith("kubectl"):
            return writer.manager
    return ""


def _mounts_log_key(template: Mapping[str, Any]) -> bool:
    return any(item["name"] == naming.LOG for item in template["spec"].get("volumes") or ())


def _target(template: Mapping[str, Any]) -> Target | None:
    containers = template["spec"].get("containers") or [{}]
    # Others may put containers of their own before it.
    ours = [item for item in containers if item.get("name") == naming.INFERENCE] or containers
    env = {item["name"]: item.get("value", "") for item in ours[0].get("env") or []}
    try:
        return Target(
            version=int(env["DANDELION_MODEL_VERSION"]),
            artifact_uri=env["DANDELION_ARTIFACT_URI"],
            contract_digest=env["DANDELION_CONTRACT_DIGEST"],
        )
    except (KeyError, ValueError):
        return None
