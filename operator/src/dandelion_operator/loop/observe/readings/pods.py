"""From a pod: which version it serves, and why it is not ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.loop.observe import waiting
from dandelion_operator.loop.observe.readings.objects import NOTHING, component, holds
from dandelion_operator.loop.observe.waiting import Told
from dandelion_operator.seen.serving import PodSeen

PERMANENT = frozenset({"DigestMismatch", "ArtifactMissing", "ModelInvalid"})


def is_serving_pod(raw: Mapping[str, Any]) -> bool:
    """An evicted pod stays behind as a record of itself; nothing serves there."""
    ended = (raw.get("status") or {}).get("phase") in ("Failed", "Succeeded")
    return component(raw) == naming.INFERENCE and not ended


def pod(raw: Mapping[str, Any], answer: tuple[str, str] | None, told: Told = NOTHING) -> PodSeen:
    """`answer`: what the pod itself answered when it was asked why it is not ready."""
    metadata = raw["metadata"]
    version = (metadata.get("labels") or {}).get(naming.VERSION_LABEL, "")
    ready = holds(raw, "Ready")
    reason, message = (
        (None, None) if ready else (answer or waiting.of_pod(raw, told) or (None, None))
    )
    return PodSeen(
        name=metadata["name"],
        version=int(version) if version.isdigit() else None,
        ready=ready,
        deleting="deletionTimestamp" in metadata,
        reason=reason,
        message=message,
        permanent=reason in PERMANENT,
    )
