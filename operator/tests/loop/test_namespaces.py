"""A ModelDeployment in a namespace that nobody opted in: told so, and otherwise left as it is."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.loop.report import left_alone
from dandelion_operator.seen.conclusions.waiting import WAITING
from given import NOW, status
from given.report.told import may_be_told
from small_world import World, played

WHY = Failure(Reason.NAMESPACE_NOT_ENABLED, "the words")
LABEL = {"dandelion.dev/enabled": "true"}


async def with_label(world: World, labels: dict[str, str]) -> None:
    world.cluster.objects.pop(("namespaces", "", "default"), None)
    world.cluster.put_clusterwide("namespaces", {"metadata": {"name": "default", "labels": labels}})
    rights = {"namespace_role": "operator-namespace", "service_account": "operator"}
    world.settings = world.settings.model_copy(update=rights)
    world.restart()
    await world.clients.namespaces.round()


def test_nothing_is_made_and_the_owner_is_told_the_command(world: World) -> None:
    async def scene() -> None:
        await with_label(world, {})
        world.apply()
        await world.settle()
        assert world.condition("Accepted") == ("False", "NamespaceNotEnabled")
        assert world.condition("Ready") == ("False", "NamespaceNotEnabled")
        command = "kubectl label namespace default dandelion.dev/enabled=true"
        assert command in world.message("Ready")
        assert {where[0] for where in world.cluster.objects} == {"modeldeployments", "namespaces"}

    played(scene)


def test_a_spec_that_contradicts_itself_is_not_looked_at_either(world: World) -> None:
    async def scene() -> None:
        await with_label(world, {})
        world.apply(dataset={})
        await world.settle()
        assert world.condition("Accepted") == ("False", "NamespaceNotEnabled")

    played(scene)


def test_the_label_turns_it_on(world: World) -> None:
    async def scene() -> None:
        await with_label(world, {})
        world.apply()
        await world.settle()
        await with_label(world, LABEL)
        await world.settle()
        assert world.condition("Accepted") == ("True", "Valid")
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_what_serves_goes_on_when_the_label_goes(world: World) -> None:
    async def scene() -> None:
        await with_label(world, LABEL)
        world.apply()
        await world.settle()
        kept = ("deployments", "services", "jobs", "secrets")
        before = {kind: world.cluster.kind(kind) for kind in kept}
        champion = world.status["champion"]
        await with_label(world, {})
        world.apply(training={"epochs": 3})
        await world.settle()
        assert world.condition("Accepted") == ("False", "NamespaceNotEnabled")
        assert world.condition("Ready") == ("Unknown", "NamespaceNotEnabled")
        assert world.condition("Promoted") == ("True", "VersionPromoted")
        assert world.status["champion"] == champion
        assert {kind: world.cluster.kind(kind) for kind in kept} == before
        await with_label(world, LABEL)
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "False"), ("False", "False"), ("True", "Unknown"), ("Unknown", "Unknown")],
)
def test_that_it_does_not_answer_is_claimed_of_nothing_that_did(
    before: str | None, after: str
) -> None:
    ready: dict[str, Any] = {"type": "Ready", "reason": "Serving", "lastTransitionTime": NOW}
    known = status(conditions=[ready | {"status": before}] if before else [])
    told = left_alone({"metadata": {"generation": 7}}, known, WHY, given.LATER)
    assert [(item.type.value, item.status) for item in told.conditions] == [
        ("Accepted", "False"),
        ("Ready", after),
    ]
    assert all(may_be_told(item) for item in told.conditions)
    assert told.observed_generation == 7
    assert told.phase == "Blocked"
    assert left_alone({"metadata": {"generation": 7}}, told, WHY, given.LATER) == told


def test_no_event_is_written_where_there_is_no_right_to(world: World) -> None:
    async def scene() -> None:
        await with_label(world, {})
        world.apply()
        await world.settle()
        assert world.cluster.kind("events") == []
        assert WHY.reason not in WAITING

    played(scene)
