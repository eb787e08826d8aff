"""From the installation's shared keys to keys for a purpose: nothing is lost, and what serves is
not replaced for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dandelion_demo.install import NAMESPACE, RELEASE, install
from dandelion_demo.target import image_settings

from tests.e2e.load import SteadyLoad
from tests.e2e.world import COLOURS, World, colours, picture

NAME = "shared"
#: Who uses a key beside the ModelDeployment, and the installation's key for that.
USES = {"training": "training", "inference": "inference", "log": "logs"}
KEY = "AWS_ACCESS_KEY_ID"


def _installation(world: World) -> Mapping[str, str]:
    return {
        purpose: world.cluster.secret(NAMESPACE, f"{RELEASE}-s3-{use}")[KEY]
        for purpose, use in USES.items()
    }


def _keys(world: World) -> Mapping[str, str]:
    return {
        purpose: world.cluster.secret(world.namespace, f"{NAME}-{purpose}-s3")[KEY]
        for purpose in USES
    }


def _pods(world: World) -> set[str]:
    selector = f"dandelion.dev/modeldeployment={NAME},app.kubernetes.io/component=inference"
    return {pod["metadata"]["uid"] for pod in world.get("pods", selector=selector)}


def test_an_upgrade_replaces_shared_keys_and_no_pod(world: World) -> None:
    image, shared = picture(COLOURS["red"], 9), _installation(world)
    try:
        install(world.cluster, *image_settings(), "s3.sts.enabled=false")
        world.train(NAME, world.upload("colours", colours()))
        world.until_served(NAME, "1")
        assert _keys(world) == shared
        pods, answer = _pods(world), world.predict(NAME, image).json()
        with SteadyLoad(world.url(NAME), image) as load:
            install(world.cluster, *image_settings())
            world.until(
                "every key is one for its purpose",
                lambda: not set(_keys(world).values()) & set(shared.values()),
            )
        assert load.failures == []
    finally:
        install(world.cluster, *image_settings())
    assert _pods(world) == pods
    assert world.condition(NAME, "Ready")["status"] == "True"

    # Pods that start, and a run, go by the new keys to what was there before.
    world.restart(NAME)
    assert world.predict(NAME, image).json()["predictions"] == answer["predictions"]
    world.retrain(NAME, "with keys for a purpose")
    world.until_served(NAME, "2")
    assert [item["version"] for item in world.versions(NAME)] == ["1", "2"]
