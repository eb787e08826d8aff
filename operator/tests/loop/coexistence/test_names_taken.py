"""An object of somebody else's that bears a needed name is never overwritten and never owned."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from dandelion_operator.api import naming
from fakes.cluster import KEY
from small_world import World, played

SERVING = "lawn-inference"
TEMPLATE = {"metadata": {"labels": {naming.VERSION_LABEL: "0"}}, "spec": {}}


def of_a_user(kind: str, name: str) -> dict[str, Any]:
    specs: dict[str, dict[str, Any]] = {
        "secrets": {"data": {"AWS_ACCESS_KEY_ID": "bWluZQ=="}},
        "services": {"spec": {"selector": {"app": "mine"}}},
        "deployments": {"spec": {"replicas": 1, "template": TEMPLATE}},
    }
    return {"metadata": {"name": name}} | specs[kind]


async def reconciled(world: World, times: int = 8) -> None:
    for _ in range(times):
        await world.reconcile()
        world.tick()


@pytest.mark.parametrize(
    ("kind", "name", "condition", "words"),
    [
        pytest.param(
            "secrets",
            "lawn-training-s3",
            "Accepted",
            "the Secret lawn-training-s3 belongs to somebody else",
            id="the Secret of training",
        ),
        pytest.param(
            "secrets",
            "lawn-inference-s3",
            "Accepted",
            "spec.storage.secretRef",
            id="the Secret of serving",
        ),
        pytest.param(
            "secrets", "lawn-log-s3", "Accepted", "the Secret lawn-log-s3", id="that of the log"
        ),
        pytest.param("services", SERVING, "RolledOut", f"the Service {SERVING}", id="the Service"),
        pytest.param(
            "deployments", SERVING, "RolledOut", f"the Deployment {SERVING}", id="the Deployment"
        ),
    ],
)
def test_what_a_user_owns_is_left_as_it_was_and_named(
    world: World, kind: str, name: str, condition: str, words: str
) -> None:
    async def scene() -> None:
        world.cluster.put(kind, of_a_user(kind, name))
        before = copy.deepcopy(world.cluster.one(kind, name))
        world.apply(serving={"auth": "ClusterTokens"})
        await reconciled(world)
        after = world.cluster.one(kind, name)
        assert {**after, "status": None} == {**before, "status": None}
        assert world.condition(condition) == ("False", "NameTaken")
        assert words in world.message(condition)
        assert "delete it" in world.message(condition)
        del world.cluster.objects[kind, KEY.namespace, name]
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


@pytest.mark.parametrize(("suffix", "condition"), [("train", "Trained"), ("evaluate", "Promoted")])
def test_a_job_of_a_user_is_left_as_it_was_and_named(
    world: World, suffix: str, condition: str
) -> None:
    """Such names hold a digest, so this takes intent; it is told all the same."""

    async def scene() -> None:
        refused = world.cluster
        name = ""

        def taken(plural: str, body: dict[str, Any]) -> None:
            nonlocal name
            if plural == "jobs" and f"-{suffix}-" in body["metadata"]["name"] and not name:
                name = body["metadata"]["name"]
                refused.put("jobs", {"metadata": {"name": name}, "spec": {"suspend": True}})

        world.cluster.before_creation = taken
        world.apply()
        await reconciled(world)
        if suffix == "evaluate":
            world.accuracy, world.compares = 0.95, False
            world.annotate("again")
            await reconciled(world)
        assert world.condition(condition)[1] == "NameTaken"
        assert f"the Job {name} belongs to somebody else" in world.message(condition)
        assert "ownerReferences" not in world.cluster.one("jobs", name)["metadata"]

    played(scene)


@pytest.mark.parametrize("kind", ["secrets", "services", "deployments"])
def test_a_name_that_is_taken_between_looking_and_writing_is_left_alone(
    world: World, kind: str
) -> None:
    async def scene() -> None:
        name = "lawn-training-s3" if kind == "secrets" else SERVING
        writes = world.cluster.refuse
        writes[kind] = "not yet"
        world.apply(serving={"auth": "ClusterTokens"})
        await reconciled(world)
        del writes[kind]
        mine = of_a_user(kind, name)

        def taken(plural: str, asked: str) -> None:
            """Right after `observe` saw that nothing of the name is there."""
            if (plural, asked) == (kind, name) and world.cluster.reads[plural, asked] == 1:
                world.cluster.put(kind, mine)

        world.cluster.reads.clear()
        world.cluster.after_reading = taken
        await world.reconcile()
        after = world.cluster.one(kind, name)
        assert "ownerReferences" not in after["metadata"]
        assert after.get("data") == mine.get("data")
        condition = "Accepted" if kind == "secrets" else "RolledOut"
        await world.reconcile()
        assert world.condition(condition) == ("False", "NameTaken")

    played(scene)
