"""A dataset is listed where a run may be started, and nowhere else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.spec.dataset import Urls
from dandelion_operator.ports.lookups import Lookups
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.ports.s3.storage.datasets import Watch
from dandelion_operator.seen.training import DatasetSeen, MountedTable
from small_world import World, played
from small_world.outside import FakeStorage


class CountedStorage(FakeStorage):
    def __init__(self) -> None:
        super().__init__()
        self.listings, self.takes = 0, 0.0

    async def dataset(
        self,
        access: Access,
        uri: str,
        watch: Watch | None = None,
        urls: Urls | None = None,
        mounted: MountedTable | None = None,
    ) -> DatasetSeen | Failure:
        self.listings += 1
        await asyncio.sleep(self.takes)
        return await super().dataset(access, uri, watch, urls, mounted)


def counted(folder: Path) -> tuple[World, CountedStorage]:
    world, storage = World(folder), CountedStorage()
    world.storage = storage
    world.restart()
    return world, storage


def test_a_suspended_resource_lists_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    async def scene() -> None:
        world, storage = counted(tmp_path)
        world.apply(suspend=True)
        await world.settle()
        assert storage.listings == 0
        assert world.condition("Accepted") == ("True", "Valid")
        assert "is looked at when a run is to be started" in world.message("Accepted")
        world.apply()
        await world.reconcile()
        assert storage.listings > 0

    played(scene)


def test_a_trained_resource_lists_nothing_until_it_is_to_train_again(tmp_path: Path) -> None:
    async def scene() -> None:
        world, storage = counted(tmp_path)
        world.apply()
        await world.settle()
        storage.listings = 0
        await world.reconcile()
        assert storage.listings == 0
        world.annotate("again")
        await world.reconcile()
        assert storage.listings > 0

    played(scene)


def test_a_schedule_lists_nothing_until_it_is_due(tmp_path: Path) -> None:
    async def scene() -> None:
        world, storage = counted(tmp_path)
        world.apply(triggers={"schedule": "0 * * * *", "cooldownSeconds": 7200})
        await world.settle()
        storage.listings = 0
        await world.reconcile()
        world.time += timedelta(hours=1)
        await world.reconcile()
        assert storage.listings == 0, "the cooldown holds it back"
        world.time += timedelta(hours=1)
        await world.reconcile()
        assert storage.listings > 0

    played(scene)


def test_a_trained_resource_that_new_images_start_is_listed_at_rest(tmp_path: Path) -> None:
    async def scene() -> None:
        world, storage = counted(tmp_path)
        world.apply(triggers={"newImages": 50})
        await world.settle()
        storage.listings = 0
        await world.reconcile()
        assert storage.listings == 1
        world.annotate("again")
        while len(world.cluster.kind("jobs")) < 2:
            await world.reconcile()
        storage.listings = 0
        await world.reconcile()
        assert storage.listings == 0, "a run goes on, and lists for itself"

    played(scene)


def test_a_listing_at_rest_that_takes_long_leaves_what_was_told(tmp_path: Path) -> None:
    async def scene() -> None:
        world, storage = counted(tmp_path)
        world.apply(triggers={"newImages": 50})
        await world.settle()
        at_rest = world.everything()
        storage.takes = 0.2
        world.restart(lookups=Lookups(patience=0))
        await world.reconcile()
        assert world.everything() == at_rest
        await asyncio.sleep(0.3)
        await world.reconcile()
        assert world.everything() == at_rest

    played(scene)


def test_after_a_failed_run_the_dataset_is_watched_for_a_change(tmp_path: Path) -> None:
    async def scene() -> None:
        world, storage = counted(tmp_path)
        world.train_fails = ("DatasetEmpty", "no image can be read")
        world.apply()
        await world.settle()
        world.train_fails = None
        storage.fingerprint = "images-2"
        await world.settle()
        assert world.condition("Trained") == ("True", "TrainingComplete")

    played(scene)


def test_a_dataset_that_goes_away_takes_nothing_from_what_is_trained(tmp_path: Path) -> None:
    async def scene() -> None:
        world, storage = counted(tmp_path)
        world.apply()
        await world.settle()
        storage.obstacle = Failure(Reason.BUCKET_NOT_FOUND, "there is no bucket datasets")
        await world.settle()
        assert world.condition("Accepted") == ("True", "Valid")

    played(scene)
