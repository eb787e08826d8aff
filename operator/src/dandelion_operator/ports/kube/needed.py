"""What of an object the operator ever looks at: all else would only fill its memory. Pure.

Used by `caches`. Whoever needs more of an object than this reads it from the API server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dandelion_operator.ports.kube.objects import (
    DEPLOYMENT,
    ENDPOINT_SLICE,
    JOB,
    POD,
    SERVICE,
    Kind,
)

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# Of the specification of a pod, the node it is on; what else is in it came from its template.
POD_SPEC = ("nodeName", "schedulingGates")
# Of an endpoint, whose it is and whether it is ready.
ENDPOINT = ("targetRef", "addresses", "conditions")


def needed(kind: Kind, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """All of what is applied, since who else wrote to it is asked field by field."""
    if kind in (DEPLOYMENT, SERVICE):
        return raw
    kept = {**raw, "metadata": _without_last_applied(raw["metadata"])}
    if kind == JOB:
        # Who suspended it is asked; of what it runs, its labels tell enough.
        kept["spec"] = {key: value for key, value in raw["spec"].items() if key != "template"}
        return kept
    kept["metadata"].pop("managedFields", None)
    if kind == POD:
        kept["spec"] = {k: v for k, v in (raw.get("spec") or {}).items() if k in POD_SPEC}
    if kind == ENDPOINT_SLICE:
        endpoints = raw.get("endpoints") or []
        kept["endpoints"] = [{k: v for k, v in it.items() if k in ENDPOINT} for it in endpoints]
        kept.pop("ports", None)
    return kept


def _without_last_applied(metadata: Mapping[str, Any]) -> dict[str, Any]:
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(LAST_APPLIED, None)
    return {**metadata, "annotations": annotations} if "annotations" in metadata else {**metadata}
