"""Two operators at once never both write, and one takes over from the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dandelion_demo.install import NAMESPACE, RELEASE

from tests.e2e.world import World, colours

DEPLOYMENT = f"deployment/{RELEASE}-operator"


@pytest.fixture(scope="module")
def two_operators(world: World) -> Iterator[World]:
    """The operator's Deployment scaled to two."""
    cluster = world.cluster
    cluster.run("-n", NAMESPACE, "scale", DEPLOYMENT, "--replicas=2")
    cluster.run("-n", NAMESPACE, "rollout", "status", DEPLOYMENT, "--timeout=120s")
    yield world
    cluster.run("-n", NAMESPACE, "scale", DEPLOYMENT, "--replicas=1")
    cluster.run("-n", NAMESPACE, "rollout", "status", DEPLOYMENT, "--timeout=120s")


def _holder(world: World) -> str:
    leases = world.cluster.get("lease", "-n", NAMESPACE)["items"]
    held = [le for le in leases if le["metadata"]["name"].endswith("operator")]
    return str(held[0]["spec"].get("holderIdentity", "")) if held else ""


def _operators(world: World) -> list[dict[str, Any]]:
    selector = "app.kubernetes.io/component=operator"
    pods: list[dict[str, Any]] = world.cluster.get("pods", "-n", NAMESPACE, "-l", selector)["items"]
    return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]


def test_one_leads_and_the_other_takes_over(two_operators: World) -> None:
    world = two_operators
    uri = world.upload("colours", colours())
    pods = {pod["metadata"]["name"] for pod in _operators(world)}
    assert len(pods) == 2
    leader = world.until("somebody leads", lambda: _holder(world))
    (leading,) = [name for name in pods if name in leader]
    world.train("shared", uri)
    world.until("the Job", lambda: world.owned("jobs", "shared"))
    world.cluster.run(
        "-n", NAMESPACE, "delete", "pod", leading, "--grace-period=0", "--force", "--wait=false"
    )
    world.until("another leads", lambda: _holder(world) not in {"", leader}, seconds=60)
    world.until_served("shared", "1")
    assert len(world.owned("jobs", "shared")) == 1
    assert len(world.versions("shared")) == 1
