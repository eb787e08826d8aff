"""What of an object the operator ever looks at: all else would only fill its memory. Pure.

Used by `caches`. Whoever needs more of an object than this reads it from the API server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dandelion_operator.ports.kube.objects import DEPLOYMENT, JOB, POD, SERVICE, Kind

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# Of the specification of a pod, the node it is on; what else is in it came from its template.
POD_SPEC = ("nodeName", "schedulingGates")


def needed(kind: Kind, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """All of what is applied, since who else wrote to it is asked field by field."""
    if kind in (DEPLOYMENT, SERVICE):
        return raw
    metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
    if LAST_APPLIED in (metadata.get("annotations") or {}):
        annotations = dict(metadata["annotations"])
        del annotations[LAST_APPLIED]
        metadata["annotations"] = annotations
    kept = {**raw, "metadata": metadata}
    if kind == POD:
        kept["spec"] = {
            key: value for key, value in (raw.get("spec") or {}).items() if key in POD_SPEC
        }
    elif kind == JOB:
        kept["spec"] = {
            key: value for key, value in (raw.get("spec") or {}).items() if key != "template"
        }
    return kept
