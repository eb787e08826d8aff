"""An installation whose operator RBAC lets do anything, so that the policy alone holds it."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import yaml

from tests.api.rights.children import Children, Json
from tests.api.server import ApiServer
from tests.api.test_access import RBAC
from tests.chart.rendering import NAMESPACE, render

FULLNAME = "strong"
OPERATOR = f"system:serviceaccount:{NAMESPACE}:{FULLNAME}-operator"
ROLE = f"{FULLNAME}-operator-namespace"
TEAM, OTHER = "opted-in", "not-asked"
LABEL = {"dandelion.dev/enabled": "true"}
DIGEST = f"elsewhere.example.com/train@sha256:{'a' * 64}"
IMAGE = "ghcr.io/dandelion-ml/dandelion-training:1"
VALUES: Json = {
    "fullnameOverride": FULLNAME,
    "operator": {"serviceAccounts": ["trainer"]},
    "mlflow": {"auth": {"mode": "Kubernetes"}},
    "inference": {
        "image": {"tag": "1"},
        "podTemplate": {"spec": {"securityContext": {"seLinuxOptions": {"type": "ours_t"}}}},
    },
    "training": {
        "image": {"tag": "1"},
        "allowedImages": ["registry.example.com/vision/", "registry.example.com/t:2*", DIGEST],
    },
    "serving": {
        "route": {
            "enabled": True,
            "parentRefs": [{"name": "public", "namespace": "gateways"}],
            "hostnames": ["{name}.{namespace}.models.example.com"],
        },
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "hostnames": ["{name}.{namespace}.models.example.org"],
            "tls": [
                {"hosts": ["{name}.{namespace}.models.example.org"], "secretName": "{name}-tls"}
            ],
            "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "32m"},
        },
    },
}
POLICIES = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}


@dataclass(frozen=True)
class Given:
    api: ApiServer
    team: Children
    other: Children

    def write(self, body: Json) -> str:
        """As the operator does, and with its account."""
        options = ("--server-side", "--force-conflicts", "--dry-run=server", "--as", OPERATOR)
        return self.api.apply(body, *options)

    def child(self, name: str) -> Json:
        return copy.deepcopy(self.team.all()[name])


def install(api: ApiServer, values: Json) -> None:
    """Roles and policy of the chart, with an account that RBAC lets do anything."""
    wanted = RBAC | POLICIES
    documents: list[Json] = [
        dict(item.content)
        for item in render({"namespace": {"create": True}} | values)
        if item.kind in wanted and "quantities" not in item.name
    ]
    documents.append(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{FULLNAME}-anything"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "cluster-admin",
            },
            "subjects": [{"kind": "User", "name": OPERATOR}],
        }
    )
    for name, labels in ((TEAM, LABEL), (OTHER, {})):
        metadata = {"name": name, "labels": labels}
        documents.append({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    # Made by a controller elsewhere; without it, no Pod gets as far as the policy.
    account = {"name": "default", "namespace": TEAM}
    documents.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    api.apply(yaml.safe_dump_all(documents), "--server-side", "--force-conflicts")


CHILDREN = (
    "job",
    "search",
    "evaluation",
    "deployment",
    "next version",
    "service",
    "budget",
    "route",
    "ingress",
    "network policy of training",
    "network policy of inference",
    "inference account",
    "training account",
    "training binding",
    "key",
    "key for a while",
)
