"""Unpacked sizes of the images."""

from __future__ import annotations

from dandelion_local import images

from tests.bench.figures import Figure

GOALS = {"inference": "≤ 600", "operator": "≤ 350"}


def measure() -> list[Figure]:
    """MB (10⁶ bytes) of every file in the image."""
    return [
        Figure(f"{name} image, unpacked", round(images.unpacked_bytes(name) / 1e6), "MB", goal)
        for name, goal in {**GOALS, "training": "", "mlflow": ""}.items()
    ]
