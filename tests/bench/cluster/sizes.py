"""Unpacked sizes of the images, as `du` tells them inside a container of each."""

from __future__ import annotations

from dandelion_local.images import catalogue

from tests.bench.cluster.stage import stage
from tests.bench.figures import Figure
from tests.e2e.world import World

GOALS = {"inference": "≤ 600", "operator": "≤ 350", "training": "", "mlflow": ""}


def measure() -> list[Figure]:
    """MB (10⁶ bytes) of disk that the root file system takes."""
    with stage() as world:
        return [
            Figure(f"{name} image, unpacked", _megabytes(world, name), "MB", goal)
            for name, goal in GOALS.items()
        ]


def _megabytes(world: World, name: str) -> int:
    image = catalogue.named(name).reference
    pod = f"size-of-{name}"
    world.kubectl(
        *("run", pod, f"--image={image}", "--restart=Never", "--command", "--"),
        *("sh", "-c", "du -sxk / 2>/dev/null | cut -f1"),
    )
    world.kubectl(
        *("wait", f"pod/{pod}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s"),
        timeout=200,
    )
    return round(int(world.kubectl("logs", pod).strip()) * 1024 / 1e6)
