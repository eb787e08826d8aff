"""Two installations that look after one namespace do not fight."""

from __future__ import annotations

from pathlib import Path

from given.worlds import two_replicas
from small_world import World, played

NAME = "lawn-inference"


def test_two_installations_over_one_namespace_do_not_fight(world: World, tmp_path: Path) -> None:
    async def scene() -> None:
        await two_replicas(world)
        mine = world.settings
        keys = tmp_path / "other"
        keys.mkdir()
        (keys / "AWS_ACCESS_KEY_ID").write_text("other")
        (keys / "AWS_SECRET_ACCESS_KEY").write_text("other-secret")
        other = mine.model_copy(
            update={
                "operator_namespace": "other-system",
                "s3_endpoint": "http://other",
                "inference_image": "inference:2",
                "training_credentials_dir": keys,
                "inference_credentials_dir": keys,
            }
        )
        generations = []
        for _ in range(8):
            for settings in (other, mine):
                world.settings = settings
                world.restart()
                await world.reconcile()
                world.tick()
                generations.append(world.cluster.one("deployments", NAME)["metadata"]["generation"])
        assert generations[-1] == generations[4], generations
        world.settings = other
        world.restart()
        await world.reconcile()
        assert "the installation in dandelion-system as well" in world.message("RolledOut")
        assert "the Secret lawn-training-s3" in world.message("Accepted")

    played(scene)
