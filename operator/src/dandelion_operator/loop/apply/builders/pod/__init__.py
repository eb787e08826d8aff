"""What the training and the inference pod have in common: Pod Security `restricted`, keys, scratch.

No pod gets a writable root filesystem or a capability, and none a token for the API server, but an
inference pod that has to ask it who calls. The S3 keys are files, never environment variables, so
they show up in no process list and follow a rotation. Where pods reach S3 by their ServiceAccount
there is no key; what is signed with is a file all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Defaults, Location, Log
from dandelion_operator.api.resource import API_VERSION, KIND, Resource
from dandelion_operator.api.spec.pods.scheduling import ComputeResources

USER = 65532
CREDENTIALS_DIR = "/var/run/secrets/dandelion/s3"
LOG_CREDENTIALS_DIR = "/var/run/secrets/dandelion/log"
KEY_FILES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# Of a key that is for a while, and what is signed with beside it.
MORE_FILES = ("AWS_SESSION_TOKEN", "SIGNING_KEY")
SIGNING_FILES = ("SIGNING_KEY",)
BY_ACCOUNT = {naming.BY_ACCOUNT_ANNOTATION: "true"}
TAKES_SESSION_TOKEN = {naming.SESSION_TOKEN_ANNOTATION: "true"}

CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

FIXED_IDS = {"runAsUser": USER, "runAsGroup": USER, "fsGroup": USER}


def security(fixed_ids: bool) -> dict[str, Any]:
    """Without fixed IDs it is the cluster that chooses them, as OpenShift does for a namespace."""
    chosen = FIXED_IDS if fixed_ids else {}
    return {"runAsNonRoot": True, **chosen, "seccompProfile": {"type": "RuntimeDefault"}}


def owner_reference(resource: Resource) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": resource.name,
        "uid": resource.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def environment(values: Mapping[str, object]) -> list[dict[str, str]]:
    """Prefixed and in a fixed order, so that building twice gives the same object."""
    return [{"name": f"DANDELION_{name}", "value": str(values[name])} for name in sorted(values)]


def storage_environment(location: Location) -> dict[str, object]:
    settings: dict[str, object] = {
        "S3_ENDPOINT": location.endpoint,
        "S3_REGION": location.region,
        "S3_CREDENTIALS_DIR": CREDENTIALS_DIR,
    }
    if location.ca_bundle:
        settings["S3_CA_BUNDLE"] = location.ca_bundle
    # An endpoint of somebody's own is judged where it is connected to, which is in the pod.
    if location.endpoints is not None and (closed := location.endpoints.closed(location.endpoint)):
        settings["S3_CLOSED_NETWORKS"] = ",".join(map(str, closed))
    return settings


def account_settings(by_account: bool, defaults: Defaults) -> dict[str, object]:
    """Where a pod without a key gets one; empty: at AWS, or as its environment says."""
    endpoint = defaults.sts.endpoint
    return {"S3_STS_ENDPOINT": endpoint} if by_account and endpoint else {}


def account_environment(by_account: bool) -> list[dict[str, Any]]:
    """By which name a pod without a key tells of its account, which a podTemplate may have set."""
    if not by_account:
        return []
    field = {"apiVersion": "v1", "fieldPath": "spec.serviceAccountName"}
    return [{"name": "DANDELION_S3_ACCOUNT", "valueFrom": {"fieldRef": field}}]


def by_account(goes: bool) -> dict[str, str]:
    return BY_ACCOUNT if goes else {}


def credentials_volume(secret: str, by_account: bool = False) -> dict[str, Any]:
    """All files are replaced at once, and those that a Secret has later come as well."""
    sources = [_source(secret, KEY_FILES), _source(secret, MORE_FILES, optional=True)]
    if by_account:
        sources = [_source(secret, SIGNING_FILES)]
    return {"name": "s3", "projected": {"sources": sources, "defaultMode": 0o440}}


def _source(secret: str, names: Sequence[str], optional: bool = False) -> dict[str, Any]:
    items = [{"key": name, "path": name} for name in names]
    given: dict[str, Any] = {"name": secret, "items": items}
    return {"secret": given | ({"optional": True} if optional else {})}


def credentials_mount() -> dict[str, Any]:
    return {"name": "s3", "mountPath": CREDENTIALS_DIR, "readOnly": True}


def log_volume(log: Log, by_account: bool = False) -> dict[str, Any]:
    """Optional: a log that cannot be written never keeps a model from serving."""
    files = SIGNING_FILES if by_account else (*KEY_FILES, *MORE_FILES)
    sources = [_source(log.secret, files, optional=True)]
    return {"name": naming.LOG, "projected": {"sources": sources, "defaultMode": 0o440}}


def log_mount() -> dict[str, Any]:
    return {"name": naming.LOG, "mountPath": LOG_CREDENTIALS_DIR, "readOnly": True}


def uses_the_nodes_disk(template: Mapping[str, Any]) -> bool:
    """Unless a podTemplate put another volume, or memory, in the place of the scratch space."""
    (work,) = (item for item in template["volumes"] if item["name"] == "work")
    return "emptyDir" in work and not (work["emptyDir"] or {}).get("medium")


def compute(resources: ComputeResources | None, default: Mapping[str, Any]) -> dict[str, Any]:
    given = default if resources is None else resources.model_dump(exclude_defaults=True)
    return {kind: _written(quantities) for kind, quantities in given.items()}


def _written(quantities: Mapping[str, int | float | str]) -> dict[str, int | str]:
    """A fraction as text, which is how Kubernetes gives a quantity back."""
    return {
        name: str(value) if isinstance(value, float) else value
        for name, value in quantities.items()
    }
