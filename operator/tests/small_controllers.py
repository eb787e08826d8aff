"""What Kubernetes and the training image do to the small world in one moment of it.

Called by `small_world.World.tick`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from dandelion_operator.api import naming
from dandelion_operator.seen.training import Progress
from dandelion_operator.seen.versions import ContractSeen
from fake_cluster import KEY

if TYPE_CHECKING:
    from small_world import World


def train(world: World, job: dict[str, Any]) -> None:
    """The Job controller, and the training image in its pod."""
    status = job.setdefault("status", {})
    if status.get("conditions") or job["spec"].get("suspend"):
        return
    run = job["metadata"]["labels"][naming.RUN_LABEL]
    if job["metadata"]["name"] in world.standing:
        return
    if world.train_fails is not None:
        reason, message = world.train_fails
        status["conditions"] = [
            {"type": "Failed", "status": "True", "lastTransitionTime": world.now_text()}
        ]
        world.storage.progresses[run] = Progress(
            run=run, state="failed", reason=reason, message=message
        )
        return
    uri = f"s3://models/default/lawn/{run}/artifact"
    world.storage.contracts[uri] = ContractSeen(
        {"accuracy": world.accuracy}, precision=world.precision
    )
    if not any(
        version["tags"].get("dandelion.dev/run") == run
        for version in world.mlflow.versions.values()
    ):
        digest = hashlib.sha256(run.encode()).hexdigest()
        world.mlflow.add_version(
            run=run,
            training_hash=job["metadata"]["labels"][naming.TRAINING_HASH_LABEL],
            **{"contract-digest": f"sha256:{digest}"},
        )
    status["conditions"] = [{"type": "Complete", "status": "True"}]
    status["completionTime"] = world.now_text()


def roll(world: World, deployment: dict[str, Any]) -> None:
    """The Deployment controller and the kubelet."""
    spec, labels = deployment["spec"], deployment["spec"]["template"]["metadata"]["labels"]
    version = labels[naming.VERSION_LABEL]
    wanted = spec["replicas"]
    trouble = world.pod_trouble.get(version)
    old = [
        pod
        for pod in world.inference_pods()
        if pod["metadata"]["labels"][naming.VERSION_LABEL] != version
    ]
    current = [pod for pod in world.inference_pods() if pod not in old]
    for pod in current:
        world.cluster.objects.pop(("pods", KEY.namespace, pod["metadata"]["name"]))
    for index in range(wanted):
        world.cluster.put(
            "pods",
            {
                "metadata": {"name": f"lawn-inference-{version}-{index}", "labels": labels},
                "status": {
                    "phase": "Running",
                    "podIP": f"10.0.1.{version}",
                    "conditions": [{"type": "Ready", "status": "False" if trouble else "True"}],
                },
            },
        )
    if trouble is None:
        for pod in old:
            world.cluster.objects.pop(("pods", KEY.namespace, pod["metadata"]["name"]))
    kept = len(old) if trouble else 0
    deployment["status"] = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": wanted + kept,
        "updatedReplicas": wanted,
        "availableReplicas": kept if trouble else wanted,
    }
