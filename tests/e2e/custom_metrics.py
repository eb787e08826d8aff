"""Prometheus and prometheus-adapter on this machine, as the cluster's source of custom metrics.

Both are programs of their own beside the cluster, which is routable from here and back: the API
server finds the adapter behind a Service whose only endpoint is this machine.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from dandelion_local import network, places, tools
from dandelion_local.commands import SetupError

from tests.e2e.world import World

ADAPTER_RULES = (
    places.REPOSITORY / "k8s" / "samples" / "monitoring" / "prometheus-adapter-values.yaml"
)
PROMETHEUS_PORT = 19090
ADAPTER_PORT = 16443
API_SERVICE = "v1beta1.custom.metrics.k8s.io"
NAME = "custom-metrics"


@contextmanager
def custom_metrics(world: World, folder: Path) -> Iterator[None]:
    """The metrics of the inference pods of a namespace are in `custom.metrics.k8s.io`, for as long
    as the block runs."""
    tools.ensure(tools.holding(["prometheus", "prometheus-adapter"]))
    kubeconfig = str(world.cluster.kubeconfig)
    with (
        _program(_prometheus(folder, world.namespace, kubeconfig), folder / "prometheus.log"),
        _program(_adapter(folder, kubeconfig), folder / "adapter.log"),
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


def _prometheus(folder: Path, namespace: str, kubeconfig: str) -> list[str]:
    """The labels are those that the chart's PodMonitor makes."""
    found = {"role": "pod", "kubeconfig_file": kubeconfig, "namespaces": {"names": [namespace]}}
    component = "__meta_kubernetes_pod_label_app_kubernetes_io_component"
    port = "__meta_kubernetes_pod_container_port_name"
    configuration = {
        "global": {"scrape_interval": "5s"},
        "scrape_configs": [
            {
                "job_name": "inference",
                "kubernetes_sd_configs": [found],
                "relabel_configs": [
                    {"source_labels": [component], "regex": "inference", "action": "keep"},
                    {"source_labels": [port], "regex": "metrics", "action": "keep"},
                    _copied("__meta_kubernetes_namespace", "namespace"),
                    _copied("__meta_kubernetes_pod_name", "pod"),
                ],
            }
        ],
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration))
    return [
        str(tools.path("prometheus")),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}",
    ]


def _copied(source: str, target: str) -> dict[str, Any]:
    return {"source_labels": [source], "target_label": target}


def _adapter(folder: Path, kubeconfig: str) -> list[str]:
    rules = yaml.safe_load(ADAPTER_RULES.read_text())["rules"]["custom"]
    file = folder / "adapter.yml"
    file.write_text(yaml.safe_dump({"rules": rules}))
    return [
        str(tools.path("prometheus-adapter")),
        f"--config={file}",
        f"--prometheus-url=http://127.0.0.1:{PROMETHEUS_PORT}",
        "--metrics-relist-interval=5s",
        f"--bind-address={network.HOST}",
        f"--secure-port={ADAPTER_PORT}",
        f"--cert-dir={folder / 'certificates'}",
        f"--lister-kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
    ]


@contextmanager
def _program(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            time.sleep(1)
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            process.wait(30)


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
