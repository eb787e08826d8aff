"""Upgrading the system disturbs nothing that serves, and forgets no credential."""

from __future__ import annotations

import time
from typing import Any

import pytest
from dandelion_demo.install import NAMESPACE, RELEASE, install
from dandelion_demo.target import image_settings

from tests.e2e.load import SteadyLoad
from tests.e2e.world import COLOURS, World, colours, picture

NAME = "upgraded"
NEXT = "ghcr.io/dandelion-ml/dandelion-inference-next"
SECRETS = ["minio-root", "s3-training", "s3-inference", "s3-logs", "s3-mlflow"]


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


def _default_image(world: World) -> str:
    """The image that the operator gives to the next inference Deployment."""
    operator = f"deployment/{RELEASE}-operator"
    world.cluster.run("-n", NAMESPACE, "rollout", "status", operator, "--timeout=120s")
    template = world.cluster.get(operator, "-n", NAMESPACE)["spec"]["template"]
    (container,) = template["spec"]["containers"]
    environment = {entry["name"]: entry.get("value", "") for entry in container["env"]}
    return str(environment["DANDELION_INFERENCE_IMAGE"])


def test_an_upgrade_with_another_inference_image_restarts_no_serving_pod(served: World) -> None:
    secrets, pods = _secrets(served), _pods(served)
    with SteadyLoad(served.url(NAME), picture(COLOURS["red"], 9)) as load:
        # The same bytes under another name: what an upgrade to a newer default looks like.
        install(served.cluster, *image_settings(), f"inference.image.repository={NEXT}")
        image = _default_image(served)
        time.sleep(15)
    try:
        assert load.failures == []
        assert set(_pods(served)) == set(pods)
        assert _secrets(served) == secrets
        assert served.condition(NAME, "Ready")["status"] == "True"
    finally:
        install(served.cluster, *image_settings())
    assert image.startswith(f"{NEXT}:")
    assert not _default_image(served).startswith(f"{NEXT}:")
