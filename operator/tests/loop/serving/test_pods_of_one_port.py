"""Pods that serve when the operator is upgraded go on, though they have one port for everything.

Theirs is the port of callers, where probes and metrics were too. No upgrade replaces them; the next
rollout does.
"""

from __future__ import annotations

from typing import Any

import former
import given
import pytest
from dandelion_operator.loop.apply import builders
from given.workloads import deployment
from small_world import World, played

NAME = "lawn-inference"


def test_this_is_what_the_former_release_made() -> None:
    assert former.with_one_port(deployment()) == former.DEPLOYMENT


def by_the_former_release(monkeypatch: pytest.MonkeyPatch) -> None:
    made = builders.deployment

    def with_one_port(*about: Any) -> dict[str, Any]:
        return former.with_one_port(made(*about))

    monkeypatch.setattr(builders, "deployment", with_one_port)


def ports(world: World) -> list[str]:
    (container,) = world.cluster.one("deployments", NAME)["spec"]["template"]["spec"]["containers"]
    return [port["name"] for port in container["ports"]]


@pytest.mark.parametrize(
    "serving",
    [
        pytest.param({}, id="the smallest"),
        pytest.param({"requestTimeoutSeconds": 600}, id="with patience"),
        pytest.param(
            {"podTemplate": {"metadata": {"annotations": {"team": "garden"}}}},
            id="with annotations of its own",
        ),
    ],
)
def test_an_upgrade_neither_restarts_nor_loses_them(
    world: World, monkeypatch: pytest.MonkeyPatch, serving: dict[str, Any]
) -> None:
    async def scene() -> None:
        with monkeypatch.context() as patched:
            by_the_former_release(patched)
            world.apply(serving=serving)
            await world.settle()
        before = world.everything()
        assert ports(world) == ["http"]
        world.restart()
        await world.settle()
        assert world.everything() == before
        assert world.condition("Ready") == ("True", "Serving")
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")

    played(scene)


def test_the_next_rollout_brings_the_second_port(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        with monkeypatch.context() as patched:
            by_the_former_release(patched)
            world.apply()
            await world.settle()
        world.restart()
        world.accuracy = 0.95
        world.annotate("again")
        await world.settle()
        assert ports(world) == ["http", "metrics"]
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["champion"]["version"] == "2"

    played(scene)


def test_the_way_back_to_that_release_restarts_nothing_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        before = world.everything()
        with monkeypatch.context() as patched:
            by_the_former_release(patched)
            world.restart()
            await world.settle()
        assert world.everything() == before

    played(scene)


@pytest.mark.parametrize(
    ("release", "port"), [pytest.param("former", 8080, id="of one port"), ("this", 8081)]
)
def test_a_pod_is_asked_why_it_is_not_ready_where_it_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, release: str, port: int
) -> None:
    async def scene() -> None:
        world.pod_trouble = {"1": ("StorageUnreachable", "no answer")}
        if release == "former":
            by_the_former_release(monkeypatch)
        world.apply()
        await world.settle()
        assert world.asked_pods == {("10.0.1.1", port)}
        assert "StorageUnreachable: no answer" in world.message("RolledOut")

    played(scene)


def test_the_service_leads_callers_to_pods_of_both_kinds() -> None:
    (port,) = builders.service(given.resource())["spec"]["ports"]
    for made in (former.DEPLOYMENT, deployment()):
        (container,) = made["spec"]["template"]["spec"]["containers"]
        assert port["targetPort"] in {item["name"] for item in container["ports"]}
