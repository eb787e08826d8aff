"""Keys, the log and the precision reach the pods that serve."""

from __future__ import annotations

from dandelion_operator.api import naming
from fakes.cluster import KEY
from given.worlds import two_versions
from small_world import World, played


def test_rotated_keys_reach_the_copies(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        folder = world.settings.inference_credentials_dir
        (folder / "AWS_SECRET_ACCESS_KEY").write_text("rotated")
        await world.settle()
        secret = world.cluster.one("secrets", naming.inference_secret(KEY))
        assert secret["data"]["AWS_SECRET_ACCESS_KEY"] == "cm90YXRlZA=="

    played(scene)


def test_the_key_for_the_log_lies_beside_the_model(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        secret = world.cluster.one("secrets", naming.log_secret(KEY))
        assert secret["data"]["AWS_ACCESS_KEY_ID"] == "bG9ncw=="
        world.cluster.objects.pop(("secrets", KEY.namespace, naming.log_secret(KEY)))
        await world.settle()
        assert world.cluster.one("secrets", naming.log_secret(KEY))["data"] == secret["data"]

    played(scene)


def environment(world: World) -> dict[str, str]:
    deployment = world.cluster.one("deployments", "lawn-inference")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item["value"] for item in container["env"]}


def test_a_log_set_up_later_reaches_pods_with_the_next_version(world: World) -> None:
    async def scene() -> None:
        later = world.settings
        world.settings = later.model_copy(update={"log_uri": ""})
        world.restart()
        await two_versions(world)
        before = world.cluster.one("deployments", "lawn-inference")["metadata"]["generation"]
        world.settings = later
        world.restart()
        await world.settle()
        after = world.cluster.one("deployments", "lawn-inference")["metadata"]["generation"]
        assert after == before, "an upgrade restarts no pod"
        assert "DANDELION_LOG_URI" not in environment(world)
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert environment(world)["DANDELION_LOG_URI"] == "s3://predictions"

    played(scene)


def test_the_champion_tells_what_it_computes_in(world: World) -> None:
    async def scene() -> None:
        world.precision = "int8"
        world.apply()
        await world.settle()
        assert world.status["champion"]["precision"] == "int8"
        world.apply(serving={"precision": "fp32"})
        await world.settle()
        assert world.status["champion"]["precision"] == "fp32"
        assert environment(world)["DANDELION_PRECISION"] == "fp32"

    played(scene)
