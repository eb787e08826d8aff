"""Puts the installed operator behind the proxy, and takes it out again.

Its settings stay as they are: the names of MLflow and of the object store lead to the proxy inside
its pod alone, and it reaches the API server by a kubeconfig, with its own token.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from dandelion_demo.install import NAMESPACE, RELEASE
from dandelion_demo.kube import Cluster

from tests.e2e.faults.faults import Faults
from tests.e2e.faults.proxy import CONTROL_PORT

NAME = "faults"
OPERATOR = f"{RELEASE}-operator"
KUBERNETES_PORT = 8001
SERVERS: dict[str, dict[str, Any]] = {
    "kubernetes": {"port": KUBERNETES_PORT, "url": "https://kubernetes.default.svc"},
    "mlflow": {"port": 5000, "url": f"http://{RELEASE}-mlflow.{NAMESPACE}.svc:5000"},
    "s3": {"port": 9000, "url": f"http://{RELEASE}-minio.{NAMESPACE}.svc:9000"},
}
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
#: Starts the operator anew as a kubelet does, without the kubelet's growing pauses.
SUPERVISED = """
trap 'kill "$(cat /tmp/pid)"; wait; exit' TERM
while :; do python -m dandelion_operator & echo $! >/tmp/pid; wait $!; done
"""
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@contextmanager
def behind_the_proxy(cluster: Cluster) -> Iterator[Faults]:
    """The operator talks through the proxy while the block runs."""
    before = cluster.get("deployment", OPERATOR, "-n", NAMESPACE)
    cluster.run("apply", "-f", "-", stdin=json.dumps(_proxy(before)))
    cluster.run("-n", NAMESPACE, "wait", "--for=condition=Ready", f"pod/{NAME}", "--timeout=110s")
    address = cluster.get("service", NAME, "-n", NAMESPACE)["spec"]["clusterIP"]
    try:
        _replace(cluster, _wired(before, address))
        with (
            cluster.reach(NAMESPACE, NAME, CONTROL_PORT) as url,
            httpx.Client(base_url=url, timeout=30) as control,
        ):
            yield Faults(control, lambda: _kill(cluster))
    finally:
        _replace(cluster, before)
        cluster.run(
            "-n", NAMESPACE, "delete", f"pod/{NAME}", f"service/{NAME}", f"configmap/{NAME}"
        )


def _proxy(operator: dict[str, Any]) -> dict[str, Any]:
    image = operator["spec"]["template"]["spec"]["containers"][0]["image"]
    # With the labels of training it is let in where the operator is, and the operator to it.
    labels = {
        "app": NAME,
        "app.kubernetes.io/part-of": "dandelion",
        "app.kubernetes.io/component": "training",
    }
    metadata = {"name": NAME, "namespace": NAMESPACE, "labels": labels}
    files = {
        "proxy.py": Path(__file__).with_name("proxy.py").read_text(),
        "kubeconfig": json.dumps(_kubeconfig()),
    }
    ports = {"control": CONTROL_PORT} | {name: int(s["port"]) for name, s in SERVERS.items()}
    container = {
        "name": NAME,
        "image": image,
        "command": ["python", "/faults/proxy.py", json.dumps(SERVERS)],
        "ports": [{"name": name, "containerPort": port} for name, port in ports.items()],
        "readinessProbe": {"tcpSocket": {"port": CONTROL_PORT}, "periodSeconds": 1},
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "faults", "mountPath": "/faults"}],
    }
    pod = {
        "containers": [container],
        "volumes": [{"name": "faults", "configMap": {"name": NAME}}],
        # Watches have no end, and it would wait for them.
        "terminationGracePeriodSeconds": 1,
    }
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files},
            {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod},
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {
                    "selector": {"app": NAME},
                    "ports": [{"name": name, "port": port} for name, port in ports.items()],
                },
            },
        ],
    }


def _kubeconfig() -> dict[str, Any]:
    server = f"http://{NAME}.{NAMESPACE}.svc:{KUBERNETES_PORT}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"tokenFile": TOKEN}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


def _wired(deployment: dict[str, Any], address: str) -> dict[str, Any]:
    wired = copy.deepcopy(deployment)
    pod = wired["spec"]["template"]["spec"]
    pod["hostAliases"] = [
        {"ip": address, "hostnames": [f"{RELEASE}-{part}.{NAMESPACE}.svc"]}
        for part in ("mlflow", "minio")
    ]
    (container,) = pod["containers"]
    container["command"] = ["sh", "-c", SUPERVISED]
    container["env"] += [
        {"name": "KUBERNETES_SERVICE_HOST", "value": ""},
        {"name": "KUBECONFIG", "value": "/faults/kubeconfig"},
    ]
    container["volumeMounts"].append({"name": "faults", "mountPath": "/faults"})
    # A killed process is back before a kubelet would have missed it.
    container.pop("livenessProbe")
    pod["volumes"].append({"name": "faults", "configMap": {"name": NAME}})
    return wired


def _replace(cluster: Cluster, deployment: dict[str, Any]) -> None:
    wanted = copy.deepcopy(deployment)
    for moving in ("resourceVersion", "uid", "generation", "managedFields"):
        wanted["metadata"].pop(moving, None)
    wanted.pop("status", None)
    cluster.run("replace", "-f", "-", stdin=json.dumps(wanted))
    cluster.run(
        *("-n", NAMESPACE, "rollout", "status", f"deployment/{OPERATOR}", "--timeout=400s"),
        timeout=410,
    )


def _kill(cluster: Cluster) -> None:
    """SIGKILL: the process has no time to tidy up."""
    cluster.run(
        *("-n", NAMESPACE, "exec", f"deployment/{OPERATOR}", "--"),
        *("sh", "-c", "kill -9 $(cat /tmp/pid)"),
    )
