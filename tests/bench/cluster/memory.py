"""Resident memory of the operator with ten resources, and of the inference service."""

from __future__ import annotations

from pathlib import Path

from dandelion_demo.install import NAMESPACE

from tests.bench.cluster.stage import stage
from tests.bench.figures import Figure
from tests.e2e.world import COLOURS, World, colours, picture

RESOURCES = 10
REQUESTS = 300


def measure() -> list[Figure]:
    """VmRSS in MB (10⁶ bytes) as the kernel tells it inside the containers."""
    with stage() as world:
        uri = world.upload("colours", colours())
        for number in range(RESOURCES - 1):
            world.train(f"one-of-ten-{number}", uri, suspend=True)
        world.train(
            "served",
            uri,
            training={"architecture": "resnet34", "imageSize": 224},
            serving={"precision": "fp32"},
        )
        world.until_served("served", "1", seconds=900)
        for variant in range(REQUESTS):
            world.predict("served", picture(COLOURS["red"], variant, side=400)).raise_for_status()
        operator = _resident(world, NAMESPACE, "app.kubernetes.io/component=operator")
        inference = _resident(
            world,
            world.namespace,
            "dandelion.dev/modeldeployment=served,app.kubernetes.io/component=inference",
        )
        return [
            Figure(f"operator RSS with {RESOURCES} resources", operator, "MB", "≤ 120"),
            Figure(
                f"inference RSS, ResNet-34 fp32, after {REQUESTS} requests",
                inference,
                "MB",
                "≤ 400",
            ),
        ]


def _resident(world: World, namespace: str, selector: str) -> int:
    pods = world.cluster.get("pods", "-n", namespace, "-l", selector)["items"]
    (pod,) = [p for p in pods if not p["metadata"].get("deletionTimestamp")]
    status = world.cluster.run(
        "exec", "-n", namespace, pod["metadata"]["name"], "--", "cat", "/proc/1/status"
    )
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) * 1024 / 1e6)
    raise AssertionError(f"no VmRSS in {Path('/proc/1/status')} of {pod['metadata']['name']}")
