"""A resource that is deleted and made again ends as a fresh one, and has no child of the former."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from small_world import World
from small_world.end_state import end_state
from small_world.fresh import Spec, assert_as_fresh, prepared, reached
from spec_fields import FIELDS, plain

# A version of this spec is there, and its files are not. They may be put back, so a person says
# whether another run is to make others.
LIES_ELSEWHERE = {"storage.endpoint", "storage.bucket"}


def children_of(world: World, uid: str) -> list[str]:
    return [
        where[2]
        for where, item in world.cluster.objects.items()
        if any(owner["uid"] == uid for owner in item["metadata"].get("ownerReferences", []))
    ]


@pytest.mark.parametrize("path", FIELDS)
def test_made_again_as_it_was_and_then_otherwise(path: str, tmp_path: Path) -> None:
    field = FIELDS[path]
    asyncio.run(_twice(prepared(tmp_path), path, field.spec(field.values[0]), plain(field)))


async def _twice(world: World, path: str, spec: Spec, other: Spec) -> None:
    await reached(world, spec)
    gone = world.delete()
    await assert_as_fresh(await reached(world, spec), spec, "made again")
    assert children_of(world, gone) == []
    gone = world.delete()
    found = await reached(world, other)
    if path in LIES_ELSEWHERE:
        assert world.condition("Ready") == ("False", "ArtifactRejected")
        assert world.cluster.kind("deployments") == []
        world.annotate("train here as well")
        found = await reached(world, other)
    await assert_as_fresh(found, other, "made again otherwise")
    assert children_of(world, gone) == []


def test_made_again_before_the_children_of_the_former_are_collected(tmp_path: Path) -> None:
    async def scene() -> None:
        world, spec = prepared(tmp_path), {"dataset": {"storageUri": "s3://datasets/lawn"}}
        await reached(world, spec)
        former = world.delete(collected=False)
        world.apply(**spec)
        await world.settle()
        assert world.condition("RolledOut") == ("False", "NameTaken")
        world.collect(former)
        await world.settle()
        await assert_as_fresh(await end_state(world), spec, "collected")
        assert children_of(world, former) == []

    asyncio.run(scene())


def test_made_again_for_another_dataset_it_serves_its_own_model_only(tmp_path: Path) -> None:
    async def scene() -> None:
        world = prepared(tmp_path)
        await reached(world, {"dataset": {"storageUri": "s3://datasets/lawn"}})
        world.delete()
        world.train_fails = ("TooFewClasses", "only one class: rose")
        spec = {"dataset": {"storageUri": "s3://datasets/flowers"}}
        await reached(world, spec)
        assert world.condition("RolledOut") == ("False", "AdoptionNeeded")
        assert world.cluster.kind("deployments") == world.cluster.kind("services") == []
        world.train_fails = None
        world.annotate("with more classes")
        await world.settle()
        await assert_as_fresh(await end_state(world), spec, "once it has a model of its own")

    asyncio.run(scene())
