"""Killing the operator at any moment of a run changes nothing about how the run ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from dandelion_demo.install import NAMESPACE

from tests.e2e.operators import OPERATORS
from tests.e2e.world import COLOURS, World, colours, picture


def kill_operator(world: World) -> None:
    """`kubectl delete pod` without any grace: the process has no time to tidy up."""
    world.cluster.run(
        *("-n", NAMESPACE, "delete", "pod", "-l", OPERATORS, "--grace-period=0", "--force"),
        *("--wait=false",),
    )


def _applied(world: World, name: str) -> bool:
    return bool(world.get("mdep", name))


def _job_exists(world: World, name: str) -> bool:
    return bool(world.owned("jobs", name))


def _trains(world: World, name: str) -> bool:
    return bool(world.status(name).get("training", {}).get("progressPercent"))


def _registered(world: World, name: str) -> bool:
    return bool(world.versions(name))


def _rolls_out(world: World, name: str) -> bool:
    return bool(world.owned("deployments", name))


@pytest.fixture(scope="module")
def uri(world: World) -> str:
    """Images for every run."""
    return world.upload("colours", colours())


@pytest.mark.parametrize(
    ("name", "moments"),
    [
        ("just-applied-and-registered", (_applied, _registered)),
        ("job-exists-and-rolling-out", (_job_exists, _rolls_out)),
        ("training", (_trains,)),
    ],
)
def test_one_job_one_version_one_champion(
    world: World, uri: str, name: str, moments: Sequence[Callable[[World, str], bool]]
) -> None:
    world.train(name, uri)
    for moment in moments:
        what = f"the moment to kill the operator: {moment.__name__}"
        world.until(what, partial(moment, world, name), every=0.1)
        kill_operator(world)
    world.until_served(name, "1")
    assert len(world.owned("jobs", name)) == 1
    assert [version["version"] for version in world.versions(name)] == ["1"]
    assert world.aliases(name) == {"champion": "1"}
    assert len(world.owned("deployments", name)) == 1
    receipts = [r["decision"] for r in world.status(name)["history"] if r.get("version") == "1"]
    assert len(receipts) == len(set(receipts)), receipts
    assert world.predict(name, picture(COLOURS["blue"], 60)).status_code == 200
