"""Going back to a former spec: its images are looked at like those of any other run that starts."""

from __future__ import annotations

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from fakes.cluster import KEY
from small_world import World, played

AWAY = Failure(Reason.STORAGE_UNREACHABLE, "http://s3 does not answer")


async def there_and_away_again(world: World) -> None:
    """One spec is trained, then another."""
    world.apply()
    await world.settle()
    world.apply(training={"epochs": 20})
    await world.settle()
    assert len(world.cluster.kind("jobs")) == 2


@pytest.mark.parametrize("kept", [True, False], ids=["both Jobs are kept", "only the former"])
def test_nothing_is_started_while_they_cannot_be_read(world: World, kept: bool) -> None:
    async def scene() -> None:
        await there_and_away_again(world)
        if not kept:
            name = world.status["training"]["jobName"]
            world.cluster.objects.pop(("jobs", KEY.namespace, name))
        before = len(world.cluster.kind("jobs"))
        world.storage.obstacle = AWAY
        world.apply()
        await world.settle()
        assert world.condition("Accepted") == ("False", "StorageUnreachable")
        assert len(world.cluster.kind("jobs")) == before
        world.storage.obstacle = None
        await world.settle()
        assert len(world.cluster.kind("jobs")) == before + 1

    played(scene)


def test_the_run_says_which_images_it_is_of(world: World) -> None:
    async def scene() -> None:
        await there_and_away_again(world)
        world.storage.fingerprint = "images-2"
        world.apply()
        await world.settle()
        assert world.status["training"]["datasetFingerprint"] == "images-2"

    played(scene)
