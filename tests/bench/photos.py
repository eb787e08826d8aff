"""Real photos through the whole path: holdout accuracy from scratch, and the time it takes."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dandelion_demo.data import from_folder
from dandelion_local.commands import SetupError

from tests.bench.figures import Figure
from tests.bench.stage import stage

PHOTOS = Path(os.environ.get("DANDELION_PHOTOS", "../shared/data/dandelion-grass"))
RECIPE = {"architecture": "resnet18", "epochs": 24}


def measure() -> list[Figure]:
    """Trains with RECIPE and otherwise the defaults; minutes from apply to Trained."""
    if not PHOTOS.is_dir():
        raise SetupError(f"no photos at {PHOTOS}; name a folder by DANDELION_PHOTOS")
    dataset = from_folder(PHOTOS)
    with stage() as world:
        uri = world.upload("photos", {image.key: image.content for image in dataset.seen})
        applied = time.monotonic()
        spec = {"dataset": {"storageUri": uri}, "training": RECIPE}
        world.apply("photos", {**spec, "promotion": {"minimum": 0.0}})
        world.until_condition("photos", "Trained", "True", seconds=1500)
        minutes = (time.monotonic() - applied) / 60
        world.until_served("photos", "1")
        metrics = world.status("photos")["champion"]["metrics"]
        right = sum(
            world.predict("photos", image.content).json()["predictions"][0]["label"] == image.label
            for image in dataset.unseen
        )
        return [
            Figure("holdout accuracy from scratch", round(metrics["accuracy"], 3), "", "≥ 0.85"),
            Figure("apply to trained", round(minutes, 1), "min", "≤ 10"),
            Figure(f"right of {len(dataset.unseen)} images kept back", right),
        ]
