"""The kinds of object that the operator reads and writes, and whose an object is. Pure.

Used by everything that speaks to the API server, and by what reads its answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_operator.api.resource import GROUP, PLURAL


@dataclass(frozen=True)
class Kind:
    api: str
    plural: str

    def path(self, namespace: str, name: str = "") -> str:
        """Without a namespace: of all of them, or of a kind that is in none."""
        place = f"/namespaces/{namespace}" if namespace else ""
        base = f"{self.api}{place}/{self.plural}"
        return f"{base}/{name}" if name else base


MODEL_DEPLOYMENT = Kind(f"/apis/{GROUP}/v1alpha1", PLURAL)
JOB = Kind("/apis/batch/v1", "jobs")
DEPLOYMENT = Kind("/apis/apps/v1", "deployments")
SERVICE = Kind("/api/v1", "services")
ENDPOINT_SLICE = Kind("/apis/discovery.k8s.io/v1", "endpointslices")
SECRET = Kind("/api/v1", "secrets")
CONFIG_MAP = Kind("/api/v1", "configmaps")
SERVICE_ACCOUNT = Kind("/api/v1", "serviceaccounts")
AUTOSCALER = Kind("/apis/autoscaling/v2", "horizontalpodautoscalers")
ROLE_BINDING = Kind("/apis/rbac.authorization.k8s.io/v1", "rolebindings")
CLUSTER_ROLE_BINDING = Kind("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings")
POD_DISRUPTION_BUDGET = Kind("/apis/policy/v1", "poddisruptionbudgets")
NETWORK_POLICY = Kind("/apis/networking.k8s.io/v1", "networkpolicies")
HTTP_ROUTE = Kind("/apis/gateway.networking.k8s.io/v1", "httproutes")
INGRESS = Kind("/apis/networking.k8s.io/v1", "ingresses")
NAMESPACE = Kind("/api/v1", "namespaces")
POD = Kind("/api/v1", "pods")
EVENT = Kind("/api/v1", "events")
LEASE = Kind("/apis/coordination.k8s.io/v1", "leases")


def is_owned(raw: Mapping[str, Any], uid: str) -> bool:
    owners = raw["metadata"].get("ownerReferences") or []
    return any(owner.get("uid") == uid and owner.get("controller") for owner in owners)
