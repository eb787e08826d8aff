"""A person asks by annotation for a version to be served, or for a run, and signs."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.cluster import KEY
from given.worlds import two_versions
from small_world import World, played


def ask(world: World, **annotations: str) -> None:
    """`promote`, `requested_by` and the like."""
    found = world.cluster.one("modeldeployments", KEY.name)
    written = {
        f"dandelion.dev/{name.replace('_', '-')}": value for name, value in annotations.items()
    }
    found["metadata"].setdefault("annotations", {}).update(written)
    world.cluster._changed(found)


def entries(world: World, decision: str) -> list[dict[str, Any]]:
    """Newest first."""
    return [item for item in world.status["history"] if item["decision"] == decision]


def test_a_version_that_is_asked_for_is_served_and_who_asked_is_in_the_receipt(
    world: World,
) -> None:
    async def scene() -> None:
        await two_versions(world)
        for value, name in (("1", "ada@example.com"), ("2/again", "bob by night")):
            ask(world, promote=value, requested_by=f"promote={value} by {name}")
            await world.settle()
            number = value[0]
            assert world.mlflow.aliases == {"champion": number}
            assert world.serving_version() == number
            assert world.condition("Ready") == ("True", "Serving")
            newest = entries(world, "FollowedAlias")[0]
            assert (newest["version"], newest["by"]) == (number, "Person")
            assert newest["requestedBy"] == name
            assert f"dandelion.dev/promote names version {number}" in newest["reason"]
            request = world.status["promotionRequest"]
            assert (request["value"], request["state"]) == (value, "Done")
            assert (request["version"], request["requestedBy"]) == (number, name)
        events = [item["message"] for item in world.cluster.kind("events")]
        assert any("asked for by ada@example.com" in message for message in events)

    played(scene)


@pytest.mark.parametrize("killed", range(1, 6))
def test_it_is_dealt_with_once_wherever_the_operator_dies(world: World, killed: int) -> None:
    async def scene() -> None:
        await two_versions(world)
        world.again(killed, after_effect=True)
        ask(world, promote="1")
        await world.settle()
        assert world.serving_version() == "1"
        assert len(entries(world, "FollowedAlias")) == 1

    played(scene)


def test_each_value_is_dealt_with_once(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        ask(world, promote="1")
        await world.settle()
        world.mlflow.aliases["champion"] = "2"
        await world.settle()
        assert world.serving_version() == "2", "a person moved the alias on in MLflow"
        world.restart()
        await world.settle()
        assert world.serving_version() == "2"
        ask(world, promote="1/again")
        await world.settle()
        assert world.serving_version() == "1"

    played(scene)


def test_who_asked_once_did_not_move_the_alias_later(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        ask(world, promote="1", requested_by="promote=1 by ada")
        await world.settle()
        for number in ("2", "1"):
            world.mlflow.aliases["champion"] = number
            await world.settle()
            assert "requestedBy" not in entries(world, "FollowedAlias")[0]

    played(scene)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("9", "MLflow has no version 9 of default.lawn"),
        ("first", "it does not name a version"),
        ("0", "it does not name a version"),
    ],
)
def test_what_cannot_be_served_is_refused_in_words(world: World, value: str, words: str) -> None:
    async def scene() -> None:
        await two_versions(world)
        ask(world, promote=value)
        await world.settle()
        assert world.serving_version() == "2"
        request = world.status["promotionRequest"]
        assert (request["value"], request["state"]) == (value, "Refused")
        assert words in request["message"]
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_what_a_resource_was_created_with_asks_for_nothing(world: World) -> None:
    """It may be a copy from long ago, and the alias has been elsewhere since."""

    async def scene() -> None:
        await two_versions(world)
        world.delete()
        world.apply()
        ask(world, promote="1", retrain="again")
        await world.settle()
        assert world.serving_version() == "2"
        assert world.status["promotionRequest"]["state"] == "Refused"
        ask(world, promote="1/now")
        await world.settle()
        assert world.serving_version() == "1"

    played(scene)


def test_a_paused_model_is_rolled_back_too(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        world.apply(suspend=True)
        ask(world, promote="1")
        await world.settle()
        assert world.serving_version() == "1"

    played(scene)


@pytest.mark.parametrize(
    ("signature", "name"),
    [
        ("retrain=now by ada", "ada"),
        ("retrain=now by ada by night", "ada by night"),
        ("retrain=before by ada", None),
        ("promote=now by ada", None),
        ("retrain=now by ", None),
        ("retrain=now", None),
        ("ada", None),
    ],
)
def test_who_asked_for_a_run_is_told_with_it(
    world: World, signature: str, name: str | None
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        ask(world, retrain="now", requested_by=signature)
        await world.settle()
        assert entries(world, "TrainingStarted")[0].get("requestedBy") == name
        assert world.status["training"].get("requestedBy") == name

    played(scene)


def test_only_the_run_that_was_asked_for_has_a_name(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        ask(world, retrain="now", requested_by="retrain=now by ada")
        await world.settle()
        world.apply(training={"epochs": 3})
        await world.settle()
        names = [item.get("requestedBy") for item in entries(world, "TrainingStarted")]
        assert names == [None, "ada", None]

    played(scene)


def suspend(world: World, wanted: bool, **annotations: str) -> None:
    found = world.cluster.one("modeldeployments", KEY.name)
    found["spec"]["suspend"] = wanted
    found["metadata"]["generation"] += 1
    ask(world, **annotations)


@pytest.mark.parametrize("killed", [None, *range(1, 4)])
def test_a_pause_and_its_end_have_a_receipt_each(world: World, killed: int | None) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        if killed is not None:
            world.again(killed, after_effect=True)
        signed = "suspend=true at 2026-03-08T12:00:00Z"
        suspend(world, True, requested_by=f"{signed} by ada@example.com")
        await world.settle()
        (paused,) = entries(world, "Paused")
        assert (paused["by"], paused["requestedBy"]) == ("Person", "ada@example.com")
        assert paused["reason"] == "spec.suspend is true, as signed at 2026-03-08T12:00:00Z"
        world.restart()
        await world.settle()
        suspend(world, False)
        await world.settle()
        (resumed,) = entries(world, "Resumed")
        assert resumed["reason"] == "spec.suspend is false"
        assert "requestedBy" not in resumed
        events = [item["message"] for item in world.cluster.kind("events")]
        # One that was killed between status and Event makes no Event up for it.
        assert killed or any("asked for by ada@example.com" in message for message in events)
        # Nobody signed this one: what ada signed is about the pause before.
        suspend(world, True)
        await world.settle()
        again = entries(world, "Paused")[0]
        assert len(entries(world, "Paused")) == 2
        assert (again["by"], again["reason"]) == ("Person", "spec.suspend is true")
        assert "requestedBy" not in again

    played(scene)


def test_a_model_that_was_made_paused_was_paused_by_nobody(world: World) -> None:
    async def scene() -> None:
        world.apply(suspend=True)
        await world.settle()
        assert entries(world, "Paused") == []
        suspend(world, False)
        await world.settle()
        assert len(entries(world, "Resumed")) == 1

    played(scene)
