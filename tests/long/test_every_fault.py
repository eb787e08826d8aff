"""Every fault of the table, and a kill before and after every write."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.e2e.faults.faults import (
    NO_LEASE,
    Faults,
    Rule,
    delay_events,
    drop_events,
    fail,
    lose_answer,
    old_list,
    reset,
    silence,
)
from tests.e2e.faults.wire import behind_the_proxy
from tests.e2e.lives import End, end, gone, live
from tests.e2e.world import COLOURS, World, colours, picture

SETTLED_SECONDS = 60


@pytest.fixture(scope="module")
def faults(world: World) -> Iterator[Faults]:
    """The installed operator, behind the proxy."""
    with behind_the_proxy(world.cluster) as found:
        yield found


@pytest.fixture(scope="module")
def uri(world: World) -> str:
    """Images for every life."""
    return world.upload("colours", colours())


@pytest.fixture(scope="module")
def undisturbed(world: World, faults: Faults, uri: str) -> End:
    """How a life ends that nothing disturbs."""
    live(world, "quiet", uri)
    return end(world, "quiet")


def test_killed_before_every_write(
    world: World, faults: Faults, uri: str, undisturbed: End
) -> None:
    name = "killed-before"
    with faults.killing("before", f"/namespaces/{world.namespace}/|/mlflow/") as at:
        live(world, name, uri)
        _ends_as(world, name, undisturbed)
        world.kubectl("delete", "mdep", name)
        world.until("nothing is left", lambda: gone(world, name), seconds=SETTLED_SECONDS)
    assert len(at) >= 15, at


def test_killed_after_every_write(world: World, faults: Faults, uri: str, undisturbed: End) -> None:
    """Each write was done, and whoever asked for it never heard."""
    name = "killed-after"
    with faults.killing("after", f"/namespaces/{world.namespace}/|/mlflow/") as at:
        live(world, name, uri)
        _ends_as(world, name, undisturbed)
        world.kubectl("delete", "mdep", name)
        world.until("nothing is left", lambda: gone(world, name), seconds=SETTLED_SECONDS)
    for moment in ("/jobs Job", "champion 1", "champion 2", "/deployments/", "Serving"):
        assert any(moment in write for write in at), (moment, at)


#: Every write once, whatever it writes.
EACH = {"write": True, "once_each": True}

TABLE: dict[str, list[Rule]] = {
    "a-fifth-fails": [fail(".*", ".*", 500, chance=0.1), lose_answer(chance=0.1)],
    "conflicts": [fail(".*", NO_LEASE, 409, **EACH)],
    "too-many-requests": [fail(".*", NO_LEASE, 429, **EACH)],
    "errors": [fail(".*", NO_LEASE, 500, **EACH)],
    "resets": [reset(".*", NO_LEASE, **EACH)],
    "lost-answers": [lose_answer(".*", NO_LEASE, **EACH)],
    "time-outs": [silence(".*", "/jobs$|/registered-models/alias$", seconds=60, **EACH)],
    "no-events-of-jobs": [drop_events("/jobs$")],
    "no-deletions": [drop_events(".*", "DELETED")],
    "late-events": [
        delay_events("/(jobs|deployments|pods|services|endpointslices|modeldeployments)$", 3.0)
    ],
    "older-lists": [old_list("/(jobs|pods)$", chance=0.3)],
    "older-objects": [old_list("/(deployments|services)/", chance=0.3)],
    "slow-mlflow": [{"act": "delay", "server": "mlflow", "seconds": 1.5}],
    "slow-s3": [{"act": "delay", "server": "s3", "seconds": 1.5}],
}


@pytest.mark.parametrize("name", TABLE)
def test_the_end_is_the_same(
    world: World, faults: Faults, uri: str, undisturbed: End, name: str
) -> None:
    with faults.rules(*TABLE[name]):
        live(world, name, uri)
    _ends_as(world, name, undisturbed)
    world.kubectl("delete", "mdep", name)


@pytest.mark.parametrize(
    ("name", "server", "seconds"),
    [("mlflow-away", "mlflow", 300), ("s3-away", "s3", 300), ("api-away", "kubernetes", 120)],
)
def test_serving_answers_while_a_server_is_away_from_the_operator(
    world: World, faults: Faults, uri: str, undisturbed: End, name: str, server: str, seconds: int
) -> None:
    world.train(name, uri)
    world.until_served(name, "1", seconds=300)
    jobs = len(world.owned("jobs", name))
    with faults.rules(reset(server=server)):
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            assert world.predict(name, picture(COLOURS["red"], 3)).status_code == 200
            time.sleep(2)
    world.until(
        "caught up",
        lambda: world.condition(name, "Ready").get("status") == "True",
        seconds=SETTLED_SECONDS,
    )
    assert len(world.owned("jobs", name)) == jobs
    world.retrain(name, "again")
    world.until_served(name, "2", seconds=300)
    world.kubectl("delete", "mdep", name)


def _ends_as(world: World, name: str, undisturbed: End) -> None:
    world.until(
        f"the end is {undisturbed}",
        lambda: end(world, name) == undisturbed,
        seconds=SETTLED_SECONDS,
    )
