"""Values of the chart by which the gateway of these tests leads to console and MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.console.provider import CLIENT
from tests.gateway.contour import CERTIFICATE, DOMAIN, INGRESS_CLASS, PARENT

CONSOLE, MLFLOW = f"console.{DOMAIN}", f"mlflow.{DOMAIN}"
CONSOLE_BY_INGRESS, MLFLOW_BY_INGRESS = "console.example.org", "mlflow.example.org"


def _door(name: str, by_ingress: str) -> Mapping[str, Any]:
    return {
        "route": {"enabled": True, "parentRefs": [PARENT], "hostnames": [name]},
        "ingress": {
            "enabled": True,
            "className": INGRESS_CLASS,
            "hostnames": [by_ingress],
            "tls": [{"hosts": [by_ingress], "secretName": CERTIFICATE}],
            # Or Contour answers over http as well.
            "annotations": {"ingress.kubernetes.io/force-ssl-redirect": "true"},
        },
    }


WAYS_IN: Mapping[str, Any] = {
    "namespace": {"create": True},
    "console": {
        "enabled": True,
        # With which its account may read for whom a provider vouches.
        "oidc": {"issuer": "https://sso", "clientId": CLIENT, "clusterAcceptsTokens": False},
        **_door(CONSOLE, CONSOLE_BY_INGRESS),
    },
    "mlflow": {"auth": {"mode": "Kubernetes"}, **_door(MLFLOW, MLFLOW_BY_INGRESS)},
}
