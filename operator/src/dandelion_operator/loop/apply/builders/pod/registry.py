"""How a training pod shows MLflow who it is: by a token that is good for nothing but MLflow.

MLflow's own client looks for token and namespace where the kubelet puts them for the API server.
"""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import RegistryAccess
from dandelion_operator.api.resource import Resource

ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount"
# MLflow's name for a client that sends both.
CLIENT = "kubernetes-namespaced"
TOKEN_SECONDS = 3600
VOLUME = "mlflow-token"


def add_token(template: dict[str, Any], resource: Resource, access: RegistryAccess) -> None:
    """Adds account, token and namespace to the specification of a pod of one container."""
    (container,) = template["containers"]
    token = {"path": "token", "audience": access.audience, "expirationSeconds": TOKEN_SECONDS}
    namespace = {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
    sources = [{"serviceAccountToken": token}, {"downwardAPI": {"items": [namespace]}}]
    template["serviceAccountName"] = naming.training_account(resource.key)
    template["volumes"].append(
        {"name": VOLUME, "projected": {"sources": sources, "defaultMode": 0o440}}
    )
    container["env"].append({"name": "MLFLOW_TRACKING_AUTH", "value": CLIENT})
    container["volumeMounts"].append({"name": VOLUME, "mountPath": ACCOUNT_DIR, "readOnly": True})
