"""A rule about datasets holds from the moment it is there, and takes nothing away that serves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dandelion_operator.api.access.tenancy import DatasetRule
from small_world import World, played

RULES = (DatasetRule(namespaces=("*",), prefixes=("s3://datasets/{namespace}/",)),)
OWN = {"storageUri": "s3://datasets/default/lawn"}


def with_rules(world: World, **others: Any) -> None:
    world.settings = world.settings.model_copy(update={"tenancy_datasets": RULES, **others})
    world.restart()


def test_what_serves_goes_on_and_no_run_is_started(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        jobs = len(world.cluster.kind("jobs"))
        with_rules(world)
        world.annotate("again")
        await world.settle()
        assert world.condition("Accepted") == ("False", "DatasetNotAllowed")
        assert world.condition("Ready") == ("True", "Serving")
        assert len(world.cluster.kind("jobs")) == jobs
        world.apply(dataset=OWN)
        await world.settle()
        assert world.condition("Accepted") == ("True", "Valid")
        assert len(world.cluster.kind("jobs")) > jobs

    played(scene)


def test_what_is_denied_is_neither_listed_nor_within_reach_of_a_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        world.with_sts()
        with_rules(world)
        world.apply(dataset={"storageUri": "s3://datasets/team-a/lawn"})
        await world.settle()
        assert world.condition("Accepted") == ("False", "DatasetNotAllowed")
        assert "team-a" not in json.dumps([policy for policy, _ in world.tokens.asked])
        assert world.tokens.asked
        assert world.cluster.kind("jobs") == []

    async def listed(*_: Any) -> None:
        raise AssertionError("what is denied was listed")

    monkeypatch.setattr(world.storage, "dataset", listed)
    played(scene)
