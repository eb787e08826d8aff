"""Prometheus and prometheus-adapter on this machine, as the cluster's source of custom metrics.

Both are programs of their own beside the cluster, which is routable from here and back: the API
server finds the adapter behind a Service whose only endpoint is this machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from dandelion_local import places, tools
from dandelion_local.commands import SetupError
from dandelion_local.node import network

from tests.e2e.prometheus import PORT, pods, program, prometheus
from tests.e2e.world import World

ADAPTER_RULES = (
    places.REPOSITORY / "k8s" / "samples" / "monitoring" / "prometheus-adapter-values.yaml"
)
ADAPTER_PORT = 16443
API_SERVICE = "v1beta1.custom.metrics.k8s.io"
NAME = "custom-metrics"


@contextmanager
def custom_metrics(world: World, folder: Path) -> Iterator[None]:
    """The metrics of the inference pods of a namespace are in `custom.metrics.k8s.io`, for as long
    as the block runs."""
    tools.ensure(tools.holding(["prometheus-adapter"]))
    kubeconfig = world.cluster.kubeconfig
    with (
        prometheus(folder, [pods(kubeconfig, world.namespace, "inference")]),
        program(_adapter(folder, str(kubeconfig)), folder / "adapter.log"),
        _registered(world),
    ):
        yield


def value(world: World, metric: str) -> dict[str, str]:
    """Of each pod, as the API server says it; empty while it says nothing."""
    path = f"/apis/custom.metrics.k8s.io/v1beta1/namespaces/{world.namespace}/pods/*/{metric}"
    try:
        items = json.loads(world.cluster.run("get", "--raw", path))["items"]
    except SetupError:
        return {}
    return {item["describedObject"]["name"]: item["value"] for item in items}


def _adapter(folder: Path, kubeconfig: str) -> list[str]:
    rules = yaml.safe_load(ADAPTER_RULES.read_text())["rules"]["custom"]
    file = folder / "adapter.yml"
    file.write_text(yaml.safe_dump({"rules": rules}))
    return [
        str(tools.path("prometheus-adapter")),
        f"--config={file}",
        f"--prometheus-url=http://127.0.0.1:{PORT}",
        "--metrics-relist-interval=5s",
        f"--bind-address={network.HOST}",
        f"--secure-port={ADAPTER_PORT}",
        f"--cert-dir={folder / 'certificates'}",
        f"--lister-kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
    ]


@contextmanager
def _registered(world: World) -> Iterator[None]:
    for manifest in _manifests(world.namespace):
        world.cluster.run("apply", "-f", "-", stdin=json.dumps(manifest))
    try:
        yield
    finally:
        world.cluster.run("delete", "apiservice", API_SERVICE)


def _manifests(namespace: str) -> list[Mapping[str, Any]]:
    place = {"name": NAME, "namespace": namespace}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": place,
            "spec": {"ports": [{"name": "https", "port": 443, "targetPort": ADAPTER_PORT}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**place, "labels": {"kubernetes.io/service-name": NAME}},
            "addressType": "IPv4",
            "ports": [{"name": "https", "port": ADAPTER_PORT, "protocol": "TCP"}],
            "endpoints": [{"addresses": [network.HOST], "conditions": {"ready": True}}],
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": API_SERVICE},
            "spec": {
                "group": "custom.metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                # Its certificate is its own, made when it starts.
                "insecureSkipTLSVerify": True,
                "service": {"name": NAME, "namespace": namespace, "port": 443},
            },
        },
    ]
