"""Two operators at once never both write, and one takes over from the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dandelion_demo.install import NAMESPACE

from tests.e2e.operators import OPERATORS, scale
from tests.e2e.world import World, colours


@pytest.fixture(scope="module")
def two_operators(world: World) -> Iterator[World]:
    """The operator's Deployment scaled to two."""
    scale(world.cluster, 2)
    yield world
    scale(world.cluster, 1)


def _holder(world: World) -> str:
    leases = world.cluster.get("lease", "-n", NAMESPACE)["items"]
    held = [le for le in leases if le["metadata"]["name"].endswith("operator")]
    return str(held[0]["spec"].get("holderIdentity", "")) if held else ""


def _operators(world: World) -> list[dict[str, Any]]:
    found = world.cluster.get("pods", "-n", NAMESPACE, "-l", OPERATORS)
    pods: list[dict[str, Any]] = found["items"]
    return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]


def test_one_leads_and_the_other_takes_over(two_operators: World) -> None:
    world = two_operators
    uri = world.upload("colours", colours())
    pods = {pod["metadata"]["name"] for pod in _operators(world)}
    assert len(pods) == 2

    def held() -> str:
        """By one of them: an operator that was killed before keeps its lease for a while."""
        holder = _holder(world)
        return holder if any(name in holder for name in pods) else ""

    leader = world.until("one of them leads", held)
    (leading,) = [name for name in pods if name in leader]
    world.train("shared", uri)
    world.until("the Job", lambda: world.owned("jobs", "shared"))
    world.cluster.run(
        "-n", NAMESPACE, "delete", "pod", leading, "--grace-period=0", "--force", "--wait=false"
    )
    world.until("another leads", lambda: _holder(world) not in {"", leader})
    world.until_served("shared", "1")
    assert len(world.owned("jobs", "shared")) == 1
    assert len(world.versions("shared")) == 1
