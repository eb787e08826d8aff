"""The champion, or its alias, is gone from MLflow: serving goes on, and the next good one comes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from small_world import World, played

Loss = Callable[[World], None]


def its_version_is_deleted(world: World) -> None:
    world.mlflow.delete(2)


def its_alias_is_removed(world: World) -> None:
    del world.mlflow.aliases["champion"]


def its_alias_names_no_version(world: World) -> None:
    world.mlflow.aliases["champion"] = "9"


LOSSES = pytest.mark.parametrize(
    ("loss", "words"),
    [
        (its_version_is_deleted, "MLflow knows version 2 no more, and no version is the champion"),
        (its_alias_is_removed, "no version has the alias champion"),
        (its_alias_names_no_version, "the alias champion names version 9, which does not exist"),
    ],
    ids=["its version is deleted", "its alias is removed", "its alias names no version"],
)


async def lost(world: World, loss: Loss) -> None:
    world.apply()
    await world.settle()
    world.accuracy = 0.95
    world.annotate("again")
    await world.settle()
    assert world.serving_version() == "2"
    loss(world)
    await world.settle()


@LOSSES
def test_it_is_told_and_serving_goes_on(loss: Loss, words: str, world: World) -> None:
    async def scene() -> None:
        await lost(world, loss)
        assert world.condition("Promoted") == ("False", "AliasMissing")
        told = world.message("Promoted")
        assert told.startswith(f"{words}; version 2 goes on serving. ")
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.serving_version() == "2"
        assert world.condition("Trained") == ("True", "TrainingComplete")

    played(scene)


@LOSSES
def test_the_next_good_version_is_promoted(loss: Loss, words: str, world: World) -> None:
    async def scene() -> None:
        await lost(world, loss)
        world.annotate("once more")
        await world.settle()
        assert world.mlflow.aliases["champion"] == "3"
        assert world.serving_version() == "3"
        assert world.condition("Promoted") == ("True", "VersionPromoted")
        assert world.decisions()[-1] == ("Promoted", "3")

    played(scene)


@LOSSES
def test_a_version_worse_than_what_serves_is_not(loss: Loss, words: str, world: World) -> None:
    async def scene() -> None:
        await lost(world, loss)
        world.accuracy = 0.85
        world.annotate("once more")
        await world.settle()
        assert world.mlflow.verdict(3) == "rejected"
        assert world.serving_version() == "2"
        assert world.condition("Promoted") == ("False", "GateFailed")
        assert world.message("Promoted").endswith("; version 2 goes on serving")

    played(scene)


def test_what_serves_and_can_be_read_no_more_keeps_no_good_version_back(world: World) -> None:
    async def scene() -> None:
        await lost(world, its_version_is_deleted)
        del world.storage.contracts[world.mlflow.versions[2]["source"]]
        world.accuracy = 0.85
        world.annotate("once more")
        await world.settle()
        assert world.mlflow.aliases["champion"] == "3"
        assert world.serving_version() == "3"

    played(scene)
