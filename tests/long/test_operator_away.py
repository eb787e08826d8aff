"""The operator is away for ten minutes: what serves answers, and nothing is missed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.e2e.load import SteadyLoad
from tests.e2e.operators import scale
from tests.e2e.world import COLOURS, World, colours, picture

NAME = "operator-away"
AWAY_SECONDS, CAUGHT_UP_SECONDS = 600, 60
IMAGE = picture(COLOURS["red"], 3)


@pytest.fixture
def two_versions(world: World) -> Iterator[World]:
    world.train(NAME, world.upload("colours", colours()))
    world.until_served(NAME, "1", seconds=300)
    world.retrain(NAME, "again")
    world.until_served(NAME, "2", seconds=300)
    yield world
    scale(world.cluster, 1)
    world.kubectl("delete", "mdep", NAME)


def test_what_people_did_meanwhile_is_caught_up_with(two_versions: World) -> None:
    world = two_versions
    scale(world.cluster, 0)
    with SteadyLoad(world.url(NAME), IMAGE, rate=5, limit=AWAY_SECONDS + 600) as load:
        world.move_alias(NAME, "1")
        world.retrain(NAME, "and again")
        time.sleep(AWAY_SECONDS)
        assert load.versions_since(0) == {"2"}
        scale(world.cluster, 1)
        world.until_served(NAME, "1", seconds=CAUGHT_UP_SECONDS)
        world.until(
            "the run that was asked for begins",
            lambda: len(world.owned("jobs", NAME)) == 3,
            seconds=CAUGHT_UP_SECONDS,
        )
    assert load.failures == []
    world.until("a third version", lambda: len(world.versions(NAME)) == 3, seconds=300)
    assert len(world.owned("jobs", NAME)) == 3
