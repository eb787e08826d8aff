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
OURS = "ghcr.io/dandelion-ml/dandelion-inference"
NEXT = f"{OURS}-next"
# Nobody runs the next one: it is in no registry.
ANOTHER_DEFAULT = (f"inference.image.repository={NEXT}", f"tokenReviewer.image.repository={OURS}")
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
    """Those that serve; the ones of a version before may still be on their way out."""
    selector = f"dandelion.dev/modeldeployment={NAME},app.kubernetes.io/component=inference"
    return {
        pod["metadata"]["uid"]: pod["spec"]
        for pod in world.get("pods", selector=selector)
        if "deletionTimestamp" not in pod["metadata"]
    }


def _default_image(world: World) -> str:
    """The image that the operator gives to the next inference Deployment."""
    operator = f"deployment/{RELEASE}-operator"
    world.cluster.run("-n", NAMESPACE, "rollout", "status", operator, "--timeout=400s", timeout=410)
    template = world.cluster.get(operator, "-n", NAMESPACE)["spec"]["template"]
    (container,) = template["spec"]["containers"]
    environment = {entry["name"]: entry.get("value", "") for entry in container["env"]}
    return str(environment["DANDELION_INFERENCE_IMAGE"])


def test_an_upgrade_with_another_inference_image_restarts_no_serving_pod(served: World) -> None:
    secrets, pods = _secrets(served), _pods(served)
    with SteadyLoad(served.url(NAME), picture(COLOURS["red"], 9)) as load:
        # The same bytes under another name: what an upgrade to a newer default looks like.
        install(served.cluster, *image_settings(), *ANOTHER_DEFAULT)
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


def test_an_mlflow_that_let_everybody_in_comes_to_ask_and_nothing_that_serves_notices(
    served: World,
) -> None:
    """Versions of before follow into the workspace of their namespace, reports of runs too."""
    install(served.cluster, *image_settings(), "mlflow.auth.mode=None")
    try:
        served.retrain(NAME, "while nobody is asked")
        served.until_served(NAME, "2")
        assert "requestedBy" not in served.status(NAME)["history"][0]
        pods = _pods(served)
        with SteadyLoad(served.url(NAME), picture(COLOURS["red"], 9)) as load:
            install(served.cluster, *image_settings())
            time.sleep(15)
        assert load.failures == []
    finally:
        install(served.cluster, *image_settings())
    assert set(_pods(served)) == set(pods)
    assert served.condition(NAME, "Ready")["status"] == "True"
    assert [item["version"] for item in served.versions(NAME)] == ["1", "2"]
    assert served.aliases(NAME)["champion"] == "2"
    query = {"run_id": served.versions(NAME)[-1]["run_id"], "path": "report"}
    listed = served.mlflow.get("/api/2.0/mlflow/artifacts/list", params=query).raise_for_status()
    assert listed.json()["files"]
    served.retrain(NAME, "once more")
    served.until_served(NAME, "3")
