"""The alias is moved, removed, or named to what cannot be served: serving follows, or goes on."""

from __future__ import annotations

from given.worlds import two_versions
from small_world import World, played


def test_a_rollback_is_moving_the_alias_and_so_is_going_forward_again(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        for number in ("1", "2"):
            world.mlflow.aliases["champion"] = number
            await world.settle()
            assert world.serving_version() == number
            assert world.status["champion"]["version"] == number
            assert world.decisions()[-1] == ("FollowedAlias", number)
            assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_alias_on_a_version_whose_artifact_is_gone_keeps_the_old_one_serving(
    world: World,
) -> None:
    async def scene() -> None:
        await two_versions(world)
        world.storage.contracts.pop(world.mlflow.versions[1]["source"])
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert world.serving_version() == "2"
        assert world.condition("RolledOut") == ("False", "ArtifactRejected")
        assert "version 1 cannot be served" in world.message("RolledOut")
        assert world.condition("Promoted") == ("False", "ArtifactRejected")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["champion"]["version"] == "2"
        assert world.decisions().count(("ArtifactRejected", "1")) == 1

    played(scene)


def test_an_alias_on_a_version_that_does_not_exist_keeps_the_old_one_serving(
    world: World,
) -> None:
    async def scene() -> None:
        await two_versions(world)
        world.mlflow.aliases["champion"] = "9"
        await world.settle()
        assert world.serving_version() == "2"
        assert "version 9, which does not exist" in world.message("Promoted")
        assert world.condition("Promoted") == ("False", "AliasMissing")
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_alias_that_was_removed_keeps_serving_and_says_so(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        del world.mlflow.aliases["champion"]
        await world.settle()
        assert world.serving_version() == "2"
        assert world.condition("Promoted") == ("False", "AliasMissing")
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_a_person_may_overrule_the_gate(world: World) -> None:
    async def scene() -> None:
        world.accuracy = 0.7
        world.apply()
        await world.settle()
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert world.condition("Promoted") == ("True", "VersionPromoted")
        assert world.mlflow.verdict(1) == "promoted"

    played(scene)
