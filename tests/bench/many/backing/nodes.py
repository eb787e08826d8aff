"""Controllers, scheduler and kwok's nodes: Deployments get pods, and pods turn ready at once.

kwok plays the kubelets of all nodes; its stages mark a pod Running and Ready as soon as it has a
node. No container runs. None of the three is to be what is waited for, so their own limits on
requests are far away.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

from dandelion_local import tools

from tests.api.server import ApiServer
from tests.bench.many.backing.processes import Running, started

BINARIES = ("kube-controller-manager", "kube-scheduler", "kwok")
# What a Deployment takes until its pods stand behind a Service; the rest would only cost.
CONTROLLERS = (
    "deployment-controller",
    "replicaset-controller",
    "endpointslice-controller",
    "node-lifecycle-controller",
    "serviceaccount-controller",
)
PODS_A_NODE = 100
# For benchmarks, by RFC 2544: no such address is anybody's.
POD_ADDRESSES = "198.18.0.0/15"
REQUESTS_A_SECOND = 1000
LEASE_SECONDS = 40


def nodes(api: ApiServer, folder: Path, pods: int, stack: ExitStack) -> dict[str, list[Running]]:
    """The processes, by whose share of the processor is told apart."""
    limits = [f"--kube-api-qps={REQUESTS_A_SECOND}", f"--kube-api-burst={REQUESTS_A_SECOND}"]
    client = [f"--kubeconfig={api.kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1"]
    settings = folder / "scheduler.json"
    settings.write_text(json.dumps(_scheduler(api)))
    commands: dict[str, list[str]] = {
        "kube-controller-manager": [
            *client,
            *limits,
            "--secure-port=0",
            f"--controllers={','.join(CONTROLLERS)}",
        ],
        "kube-scheduler": [f"--config={settings}", "--bind-address=127.0.0.1", "--secure-port=0"],
        "kwok": [
            f"--kubeconfig={api.kubeconfig}",
            "--manage-all-nodes=true",
            f"--cidr={POD_ADDRESSES}",
            f"--node-lease-duration-seconds={LEASE_SECONDS}",
        ],
    }
    found = {
        name: stack.enter_context(
            started([tools.path(name), *arguments], folder / f"{name}.log", {})
        )
        for name, arguments in commands.items()
    }
    items = [_node(number) for number in range(1 + pods // PODS_A_NODE)]
    api.apply({"apiVersion": "v1", "kind": "List", "items": items})
    api.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=50s")
    return {
        "controller manager and scheduler": [
            found["kube-controller-manager"],
            found["kube-scheduler"],
        ],
        "kwok": [found["kwok"]],
    }


def _scheduler(api: ApiServer) -> dict[str, object]:
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {
            "kubeconfig": str(api.kubeconfig),
            "qps": REQUESTS_A_SECOND,
            "burst": REQUESTS_A_SECOND,
        },
    }


def _node(number: int) -> dict[str, object]:
    name = f"node{number:03d}"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
    }
