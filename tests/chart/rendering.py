"""Renders the chart with Helm, for the tests of what it renders and for k8s/install.yaml."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from dandelion_local import places, tools

CHART = places.REPOSITORY / "charts" / "dandelion"
RELEASE = "dandelion"
NAMESPACE = "dandelion-system"
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"})

EXTERNAL_S3: Mapping[str, Any] = {
    "minio": {"enabled": False},
    "s3": {
        "endpoint": "https://s3.example.com",
        "region": "eu-west-3",
        "caBundle": "-----BEGIN CERTIFICATE-----\nexample\n-----END CERTIFICATE-----\n",
        "training": {"existingSecret": "training-key"},
        "inference": {"existingSecret": "inference-key"},
        "mlflow": {"existingSecret": "mlflow-key"},
        "logs": {"existingSecret": "logs-key"},
    },
}
WITHOUT_KEYS: Mapping[str, Any] = {
    "minio": {"enabled": False},
    "s3": {
        "endpoint": "https://s3.eu-west-3.amazonaws.com",
        "region": "eu-west-3",
        "identity": {
            "enabled": True,
            "serviceAccountAnnotations": {
                "training": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/{namespace}-train"},
                "inference": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/{name}-serve"},
                "mlflow": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/mlflow"},
                "pretrained": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/pretrained"},
                "review": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/review"},
            },
        },
    },
    "operator": {
        "serviceAccount": {
            "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/operator"}
        }
    },
}
EVERYTHING_MONITORED: Mapping[str, Any] = {
    "monitoring": {
        "labels": {"release": "kube-prometheus-stack"},
        "serviceMonitor": {"enabled": True},
        "podMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True},
        "dashboard": {"annotations": {"grafana_folder": "Models"}},
    }
}
TUNED: Mapping[str, Any] = {
    "nameOverride": "lawns",
    "imagePullSecrets": [{"name": "registry"}],
    "commonLabels": {"team": "gardeners"},
    "namespace": {"create": True},
    "operator": {
        "watchNamespaces": ["team-a", "team-b"],
        "podAnnotations": {"example.com/a": "b"},
        "podLabels": {"example.com/c": "d"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "infra", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "system-cluster-critical",
        "serviceAccount": {"annotations": {"example.com/role": "x"}},
    },
    "rbac": {"clusterTokens": True},
    "tokenReviewer": {
        "replicas": 2,
        "podLabels": {"example.com/c": "d"},
        "priorityClassName": "system-cluster-critical",
    },
    "inference": {"log": {"enabled": False}},
    "mlflow": {
        "auth": {"mode": "Kubernetes"},
        "workers": 4,
        "database": {"existingSecret": "postgres"},
        "allowedHosts": ["mlflow.example.com"],
        "corsAllowedOrigins": ["https://notebook.example.com"],
        "service": {"type": "LoadBalancer", "annotations": {"example.com/lb": "internal"}},
    },
    "minio": {"existingSecret": "root", "persistence": {"storageClassName": "fast"}},
    "console": {
        "enabled": True,
        "replicas": 2,
        "existingSecret": "console-key",
        "sessionHours": 1,
        "oidc": {
            "issuer": "https://sso.example.com",
            "clientId": "dandelion",
            "clientSecret": {"existingSecret": "console-oidc"},
            "caConfigMap": {"name": "authorities"},
            "groupsClaim": "groups",
            "clusterAcceptsTokens": False,
        },
        "service": {"type": "LoadBalancer", "annotations": {"example.com/lb": "internal"}},
        "podAnnotations": {"example.com/a": "b"},
        "podLabels": {"example.com/c": "d"},
    },
    "networkPolicy": {
        "clusterCIDRs": ["10.96.0.0/12", "fd00:10::/64"],
        "dns": {
            "to": [{"namespaceSelector": {"matchLabels": {"dns": "here"}}}],
            "ports": [53, 5353],
        },
        "apiServer": {"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}], "ports": [443]},
        "metrics": {"from": [{"namespaceSelector": {"matchLabels": {"metrics": "here"}}}]},
        "extraTo": [{"namespaceSelector": {"matchLabels": {"for": "all"}}}],
        "operator": {"extraTo": [{"namespaceSelector": {"matchLabels": {"for": "operator"}}}]},
        "mlflow": {
            "extraFrom": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}],
            "extraTo": [{"namespaceSelector": {"matchLabels": {"for": "mlflow"}}}],
            "databasePort": 6543,
        },
        "minio": {"extraFrom": [{"namespaceSelector": {}}]},
        "console": {"from": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]},
        "setup": {"extraTo": [{"namespaceSelector": {"matchLabels": {"for": "setup"}}}]},
        "training": {"extraTo": [{"namespaceSelector": {"matchLabels": {"for": "training"}}}]},
        "serving": {
            "from": [{"namespaceSelector": {"matchLabels": {"gateway": "here"}}}],
            "extraTo": [{"namespaceSelector": {"matchLabels": {"for": "serving"}}}],
        },
    },
}
WITHOUT_VOLUMES: Mapping[str, Any] = {
    "minio": {"persistence": {"enabled": False}},
    "mlflow": {"persistence": {"enabled": False}},
    "networkPolicy": {"enabled": False},
    "crds": {"enabled": False},
    "rbac": {"create": False, "aggregate": False},
    "operator": {"serviceAccount": {"create": False, "name": "given"}},
}
WITH_THE_CONSOLE: Mapping[str, Any] = {"console": {"enabled": True}}
ROUTE: Mapping[str, Any] = {
    "enabled": True,
    "parentRefs": [{"name": "public", "namespace": "gateways", "sectionName": "https"}],
    "annotations": {"example.com/a": "b"},
}
INGRESS: Mapping[str, Any] = {
    "enabled": True,
    "className": "nginx",
    "annotations": {"example.com/c": "d"},
}
FROM_OUTSIDE: Mapping[str, Any] = {
    "console": {
        "enabled": True,
        "route": {**ROUTE, "hostnames": ["console.example.com"]},
        "ingress": {
            **INGRESS,
            "hostnames": ["console.example.org"],
            "tls": [{"hosts": ["console.example.org"], "secretName": "console-tls"}],
        },
    },
    "serving": {
        "route": {**ROUTE, "hostnames": ["{name}.{namespace}.models.example.com"]},
        "ingress": {
            **INGRESS,
            "hostnames": ["{name}.{namespace}.models.example.org"],
            "tls": [
                {
                    "hosts": ["{name}.{namespace}.models.example.org"],
                    "secretName": "{name}-tls",
                }
            ],
        },
    },
    "mlflow": {
        "route": {**ROUTE, "hostnames": ["mlflow.example.com"]},
        "ingress": {**INGRESS, "hostnames": ["mlflow.example.org"]},
    },
}
PROFILES: Mapping[str, Mapping[str, Any]] = {
    "the defaults": {},
    "the console": WITH_THE_CONSOLE,
    "reached from outside": FROM_OUTSIDE,
    "an S3 endpoint of one's own": EXTERNAL_S3,
    "S3 without keys": WITHOUT_KEYS,
    "everything monitored": EVERYTHING_MONITORED,
    "namespaced, with PostgreSQL and every knob turned": TUNED,
    "no volumes, policies, roles or CRD": WITHOUT_VOLUMES,
}


class HelmError(Exception):
    """What Helm said when it refused."""


@dataclass(frozen=True)
class Manifest:
    """One rendered object."""

    content: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.content["kind"])

    @property
    def name(self) -> str:
        return str(self.content["metadata"]["name"])

    @property
    def labels(self) -> Mapping[str, str]:
        return dict(self.content["metadata"].get("labels", {}))

    @property
    def annotations(self) -> Mapping[str, str]:
        return dict(self.content["metadata"].get("annotations") or {})

    @property
    def spec(self) -> Mapping[str, Any]:
        return dict(self.content["spec"])

    @property
    def pod(self) -> Mapping[str, Any]:
        """The pod's metadata and spec, of a workload."""
        return dict(self.content if self.kind == "Pod" else self.spec["template"])

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        spec = self.pod["spec"]
        return [*spec.get("initContainers", []), *spec["containers"]]


class Rendered(list[Manifest]):
    """All objects of one rendering."""

    def of(self, kind: str) -> list[Manifest]:
        return [manifest for manifest in self if manifest.kind == kind]

    def one(self, kind: str, name: str) -> Manifest:
        found = [manifest for manifest in self.of(kind) if manifest.name == name]
        assert len(found) == 1, f"{kind} {name}: {[m.name for m in self.of(kind)]}"
        return found[0]

    def workloads(self) -> Iterator[Manifest]:
        return (manifest for manifest in self if manifest.kind in WORKLOADS)


def helm(*arguments: str, stdin: str | None = None) -> str:
    command = [str(tools.path("helm")), *arguments]
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise HelmError(done.stderr)
    return done.stdout


def template(values: Mapping[str, Any] | None = None, *options: str) -> str:
    """The chart's manifests as one text."""
    return helm(
        *("template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--values", "-"),
        *options,
        stdin=json.dumps(values or {}),
    )


def render(values: Mapping[str, Any] | None = None, *options: str) -> Rendered:
    documents = yaml.safe_load_all(template(values, *options))
    return Rendered(Manifest(document) for document in documents if document)
