"""An installation goes from keys to accounts, and back."""

from __future__ import annotations

import json

from dandelion_operator.api import naming
from dandelion_operator.ports.s3.credentials import signing_key
from given.accounts import FORMER, by_accounts, files, generation, pod_of
from given.keys import NAMES, SHARED, access_keys, held
from small_world import World, played


def test_an_upgrade_from_keys_restarts_what_serves_once_and_takes_the_copies_away(
    world: World,
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        before = generation(world)
        ids = {p: signing_key(p, f"{SHARED[p]}-secret") for p in (naming.TRAINING, naming.LOG)}
        by_accounts(world, FORMER)
        while generation(world) == before:
            await world.reconcile()
        # Pods of before are there still: they find their keys, and sign as those to come do.
        for purpose in (naming.INFERENCE, naming.LOG):
            assert held(world, purpose)["AWS_ACCESS_KEY_ID"] == SHARED[purpose]
        log = world.cluster.one("secrets", NAMES[naming.LOG])["data"]
        assert ids[naming.LOG].items() <= log.items()
        await world.settle()
        assert generation(world) == before + 1
        assert world.condition("Ready") == ("True", "Serving")
        stored = json.dumps(world.cluster.kind("secrets"))
        assert "AWS_" not in stored.replace("f:AWS_", "")
        for purpose, wanted in ids.items():
            assert world.cluster.one("secrets", NAMES[purpose])["data"] == wanted
        assert not world.cluster.one("secrets", NAMES[naming.INFERENCE])["data"]
        assert len(world.cluster.kind("jobs")) == 1  # nothing was trained anew

    played(scene)


def test_an_upgrade_waits_for_a_run_that_holds_the_key_and_tells_of_it(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.until_training()
        by_accounts(world, FORMER)
        await world.settle()
        assert held(world, naming.TRAINING)["AWS_ACCESS_KEY_ID"] == "training"
        assert "the Secrets for training hold keys until" in world.message("Accepted")
        world.standing.clear()
        await world.settle()
        assert held(world, naming.TRAINING).keys() == {"SIGNING_KEY"}
        assert "hold keys until" not in world.message("Accepted")

    played(scene)


def test_an_upgrade_from_keys_that_are_for_a_while_leaves_nothing_of_them(world: World) -> None:
    async def scene() -> None:
        world.with_sts()
        world.apply()
        await world.settle()
        by_accounts(world, FORMER)
        await world.settle()
        for purpose in (naming.TRAINING, naming.LOG):
            assert held(world, purpose).keys() == {"SIGNING_KEY"}
            secret = world.cluster.one("secrets", NAMES[purpose])
            assert naming.KEY_EXPIRES_ANNOTATION not in secret["metadata"]["annotations"]

    played(scene)


def test_the_way_back_restarts_once_and_brings_the_keys_before(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        world.apply()
        await world.settle()
        before = generation(world)
        world.without_identity()
        await world.settle()
        assert generation(world) == before + 1
        assert access_keys(world) == SHARED
        assert "AWS_ACCESS_KEY_ID" in files(pod_of(world, "deployments"))
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)
