"""Upgrading the system disturbs nothing that serves, and forgets no credential."""

from __future__ import annotations

import time
from typing import Any

import pytest
from dandelion_demo.install import CHART, NAMESPACE, RELEASE

from tests.e2e.load import SteadyLoad
from tests.e2e.world import COLOURS, World, colours, picture

NAME = "upgraded"
SECRETS = ["minio-root", "s3-training", "s3-inference", "s3-mlflow"]


@pytest.fixture(scope="module")
def served(world: World) -> World:
    """One served model."""
    world.train(NAME, world.upload("colours", colours()))
    world.until_served(NAME, "1")
    return world


def _secrets(world: World) -> dict[str, dict[str, str]]:
    return {name: world.cluster.secret(NAMESPACE, f"{RELEASE}-{name}") for name in SECRETS}


def _pods(world: World) -> dict[str, Any]:
    selector = f"dandelion.dev/modeldeployment={NAME},app.kubernetes.io/component=inference"
    return {pod["metadata"]["uid"]: pod["spec"] for pod in world.get("pods", selector=selector)}


def _upgrade(world: World, *settings: str) -> None:
    world.cluster.install(
        *("upgrade", RELEASE, str(CHART), "-n", NAMESPACE, "--wait", "--timeout", "5m"),
        *(part for setting in settings for part in ("--set", setting)),
    )


def test_an_upgrade_with_another_inference_image_restarts_no_serving_pod(served: World) -> None:
    secrets, pods = _secrets(served), _pods(served)
    image = pods[next(iter(pods))]["containers"][0]["image"]
    repository, _, tag = image.rpartition(":")
    with SteadyLoad(served.url(NAME), picture(COLOURS["red"], 9)) as load:
        # The same bytes under another name: what an upgrade to a newer default looks like.
        _upgrade(
            served, f"inference.image.tag={tag}", f"inference.image.repository={repository}-next"
        )
        served.cluster.run(
            *("-n", NAMESPACE, "rollout", "status", f"deployment/{RELEASE}-operator"),
            *("--timeout=120s",),
        )
        time.sleep(15)
    try:
        assert load.failures == []
        assert set(_pods(served)) == set(pods)
        assert _secrets(served) == secrets
        assert served.condition(NAME, "Ready")["status"] == "True"
    finally:
        _upgrade(served)


def test_helm_test_passes(served: World) -> None:
    served.cluster.install("test", RELEASE, "-n", NAMESPACE, "--timeout", "3m")
