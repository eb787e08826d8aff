"""ModelDeployments as the API server gives them, with what a test says otherwise."""

from __future__ import annotations

from typing import Any

CREATED = "2026-03-01T08:00:00Z"
NOW = "2026-03-08T12:00:00Z"


def condition(
    kind: str, status: str, reason: str, message: str = "", generation: int = 1
) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": "2026-03-08T11:00:00Z",
    }


READY = condition("Ready", "True", "Serving", "2 of 2 replicas answer with version 3.")
CHAMPION = {
    "version": "3",
    "runId": "0123456789abcdef",
    "metrics": {"accuracy": 0.9512, "macroF1": 0.94},
    "digest": "sha256:" + "c0ffee" * 10 + "c0ff",
    "precision": "int8",
    "servedReplicas": 2,
}


def model(
    name: str = "lawn",
    namespace: str = "team",
    *,
    spec: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    **status: Any,
) -> dict[str, Any]:
    """One that serves version 3, unless `status` says otherwise; None leaves a part out."""
    whole = {"observedGeneration": 1, "conditions": [READY], "champion": CHAMPION} | status
    return {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-of-{name}",
            "generation": 1,
            "creationTimestamp": CREATED,
            "annotations": annotations or {},
        },
        "spec": {"dataset": {"storageUri": f"s3://datasets/{name}"}} | (spec or {}),
        "status": {key: value for key, value in whole.items() if value is not None},
    }
