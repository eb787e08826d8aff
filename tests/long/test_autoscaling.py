"""A HorizontalPodAutoscaler follows the saturation of a model's pods, and the operator lets it."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import yaml
from dandelion_local import places
from PIL import Image

from tests.e2e.world import World, colours
from tests.long.custom_metrics import custom_metrics, value

NAME = "lawn"  # as in the sample
METRIC = "dandelion_saturation"
SAMPLE = places.REPOSITORY / "k8s" / "samples" / "autoscaling.yaml"
#: Of four images that are worked on at once on two processors.
CROWD = 12


@pytest.fixture(scope="module")
def scaled(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A served model with the sample's autoscaler, which the cluster has metrics for."""
    world.train(NAME, world.upload("colours", colours()))
    world.until_served(NAME, "1")
    with custom_metrics(world, tmp_path_factory.mktemp("metrics")):
        world.until("the pod's saturation", lambda: value(world, METRIC))
        autoscaler = yaml.safe_load(SAMPLE.read_text())
        autoscaler["spec"]["maxReplicas"] = 2
        world.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(autoscaler))
        yield world
        world.kubectl("delete", "hpa", NAME)


@contextmanager
def crowd(url: str) -> Iterator[list[int]]:
    """So many who always wait for an answer; the codes of the answers."""
    buffer = io.BytesIO()
    Image.effect_noise((1200, 900), 60).convert("RGB").save(buffer, "JPEG")
    codes: list[int] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(timeout=60) as http:
            while not over.is_set():
                try:
                    codes.append(http.post(url, content=buffer.getvalue()).status_code)
                except httpx.HTTPError:
                    codes.append(0)

    threads = [threading.Thread(target=ask) for _ in range(CROWD)]
    for thread in threads:
        thread.start()
    try:
        yield codes
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _condition(world: World, kind: str) -> dict[str, Any]:
    conditions = world.get("hpa", NAME).get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {})


def test_an_idle_model_keeps_one_pod(scaled: World) -> None:
    active = scaled.until(
        "the autoscaler reads the metric",
        lambda: _condition(scaled, "ScalingActive").get("status") == "True",
    )
    assert active
    assert scaled.get("hpa", NAME)["status"]["desiredReplicas"] == 1
    assert scaled.get("mdep", NAME)["spec"]["serving"]["replicas"] == 1


def test_a_crowd_gets_another_pod_and_the_operator_leaves_it(scaled: World) -> None:
    deployment = f"{NAME}-inference"

    def ready() -> int:
        found: int = scaled.get("deployment", deployment)["status"].get("readyReplicas", 0)
        return found

    with crowd(f"{scaled.url(NAME)}/predict") as codes:
        scaled.until("two pods that are ready", lambda: ready() == 2, seconds=300)
    assert set(codes) == {200}
    assert scaled.get("mdep", NAME)["spec"]["serving"]["replicas"] == 2
    # Something the operator has to act on: it writes the Deployment, and keeps the replicas.
    before = scaled.get("deployment", deployment)["metadata"]["generation"]
    scaled.kubectl(
        *("patch", "mdep", NAME, "--type=merge"),
        *("-p", '{"spec": {"serving": {"accessLog": {"sampleRatio": 1}}}}'),
    )
    scaled.until(
        "the Deployment is written",
        lambda: scaled.get("deployment", deployment)["metadata"]["generation"] > before,
    )
    scaled.until_condition(NAME, "RolledOut", "True", "ReplicasAvailable")
    assert scaled.get("deployment", deployment)["spec"]["replicas"] == 2
    assert scaled.get("mdep", NAME)["spec"]["serving"]["replicas"] == 2
