"""Real photos through the whole path: holdout accuracy from scratch, the time it takes, and what
the same photos cost as a phone takes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dandelion_demo.data import from_folder
from dandelion_local.commands import SetupError

from tests.bench.cluster.stage import stage
from tests.bench.figures import Figure
from tests.e2e.world import World

LARGE_PHOTOS = Path("inference/bench/large_photos.py")
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
            *_enlarged(world),
        ]


def _enlarged(world: World) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        _download(world, Path(folder))
        small_network = _answered(folder)
    network = _answered("resnet34")
    agreement = round(small_network["agreed"] / small_network["photos"], 4)
    return [
        Figure(
            f"same answer as decoding in full, of {small_network['photos']} photos enlarged to "
            "12 megapixels",
            agreement,
            "",
            "≥ 0.99",
        ),
        *_costs("ResNet-34 at 224 pixels", network, "≤ 3"),
        *_costs("ResNet-18 at 128 pixels", small_network, ""),
    ]


def _answered(artifact: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(LARGE_PHOTOS), artifact, str(PHOTOS)],
        env={**os.environ, "PYTHONPATH": "inference/src:inference/pictures/src"},
        check=True,
        timeout=1800,
        stdout=subprocess.PIPE,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _costs(network: str, result: dict[str, Any], goal: str) -> list[Figure]:
    seconds = result["seconds"]
    return [
        Figure(
            f"12-megapixel JPEG over the same photo small, bytes to answer, {network}",
            round(seconds["scaled"] / seconds["small"], 2),
            "",
            goal,
        ),
        Figure(
            f"the same decoded in full, {network}", round(seconds["full"] / seconds["small"], 2)
        ),
    ]


def _download(world: World, folder: Path) -> None:
    """The artifact that the resource serves."""
    (deployment,) = world.owned("deployments", "photos")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    told = {item["name"]: item.get("value", "") for item in container["env"]}
    artifact = urlsplit(told["DANDELION_ARTIFACT_URI"])
    prefix = artifact.path.strip("/") + "/"
    for item in world.s3.list_objects(artifact.netloc, prefix=prefix, recursive=True):
        path = folder / item.object_name.removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        world.s3.fget_object(artifact.netloc, item.object_name, str(path))
