"""How a training pod shows MLflow who it is: by a token that is good for nothing but MLflow."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import RegistryAccess
from dandelion_operator.api.resource import Resource

FOLDER = "/var/run/secrets/dandelion/mlflow"
TOKEN_SECONDS = 3600
VOLUME = "mlflow-token"


def add_token(template: dict[str, Any], resource: Resource, access: RegistryAccess) -> None:
    """Adds account and token to the specification of a pod of one container."""
    (container,) = template["containers"]
    token = {"path": "token", "audience": access.audience, "expirationSeconds": TOKEN_SECONDS}
    sources = [{"serviceAccountToken": token}]
    template["serviceAccountName"] = naming.training_account(resource.key)
    template["volumes"].append(
        {"name": VOLUME, "projected": {"sources": sources, "defaultMode": 0o440}}
    )
    told = {"name": "DANDELION_MLFLOW_TOKEN_FILE", "value": f"{FOLDER}/token"}
    container["env"].append(told)
    container["volumeMounts"].append({"name": VOLUME, "mountPath": FOLDER, "readOnly": True})
