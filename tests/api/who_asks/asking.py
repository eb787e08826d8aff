"""A model, and what people of several roles ask of it by its annotations."""

from __future__ import annotations

import json
import ssl
from typing import Any

import httpx

from tests.api.server import ADMIN_TOKEN, ApiServer
from tests.chart.rendering import NAMESPACE

TEAM = "requests"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:dandelion-console"
LAWN = f"/apis/dandelion.dev/v1alpha1/namespaces/{TEAM}/modeldeployments/lawn"
MOMENT = "2026-03-08T12:00:00Z"
RETRAIN, PROMOTE = "dandelion.dev/retrain", "dandelion.dev/promote"
INGEST = "dandelion.dev/ingest"
SIGNED = "dandelion.dev/requested-by"
# Each with the roles of the chart that its RoleBindings name.
PEOPLE = {
    "editor": ("edit", "view", "edit-actions"),
    "owner": ("edit", "view", "edit-actions", "admin-actions"),
    "administrator": ("administrator",),
    "reviewer": ("reviewer",),
    "user": ("user",),
}


def model(**annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "lawn", "namespace": TEAM, "annotations": annotations},
        "spec": {"dataset": {"storageUri": "s3://datasets/lawn"}},
    }


def asked(**annotations: str) -> dict[str, Any]:
    """`retrain`, `ingest`, `promote` and `by`, as a patch."""
    names = {"retrain": RETRAIN, "ingest": INGEST, "promote": PROMOTE, "by": SIGNED}
    written = {names[name]: value for name, value in annotations.items()}
    return {"metadata": {"annotations": written}}


def patch(server: ApiServer, who: str, body: dict[str, Any]) -> str:
    """What the API server says to that; empty where it has done it.

    kubectl would read the model first, which not everybody may who may change it.
    """
    answer = httpx.patch(
        f"https://127.0.0.1:{server.port}{LAWN}",
        verify=ssl.create_default_context(cafile=str(server.authority)),
        trust_env=False,
        timeout=60,
        headers={
            "Authorization": f"Bearer {ADMIN_TOKEN}",
            "Content-Type": "application/merge-patch+json",
            **({"Impersonate-User": who} if who else {}),
        },
        content=json.dumps(body),
    )
    return "" if answer.is_success else str(answer.json()["message"])
