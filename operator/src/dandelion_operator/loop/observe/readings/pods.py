"""From a pod: which version it serves, and why it is not ready."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.loop.observe import waiting
from dandelion_operator.loop.observe.readings.objects import NOTHING, component, holds
from dandelion_operator.loop.observe.waiting import Told
from dandelion_operator.seen.serving import PodSeen

FORMER_PORT = 8080
PERMANENT = frozenset({"DigestMismatch", "ArtifactMissing", "ModelInvalid"})


def is_serving_pod(raw: Mapping[str, Any]) -> bool:
    """An evicted pod stays behind as a record of itself; nothing serves there."""
    ended = (raw.get("status") or {}).get("phase") in ("Failed", "Succeeded")
    return component(raw) == naming.INFERENCE and not ended


def probes_port(raw: Mapping[str, Any]) -> int:
    """Where a pod says why it is not ready; one of a former release, on the port of its callers."""
    annotations = raw["metadata"].get("annotations") or {}
    named = annotations.get(naming.METRICS_PORT_ANNOTATION, "")
    port = int(named) if re.fullmatch("[0-9]{1,5}", named) else 0
    return port if 0 < port < 1 << 16 else FORMER_PORT


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
        gone_by=metadata.get("deletionTimestamp", ""),
        reason=reason,
        message=message,
        permanent=reason in PERMANENT,
    )
