"""What an annotation that went away, or a field of a newer release, does not do."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_operator.api.resource import InvalidResource, Resource, parse
from small_world import World, played


def body(spec: dict[str, Any], **about: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "default", "name": "lawn", "uid": "u", "generation": 1},
        "spec": {"dataset": {"storageUri": "s3://datasets/lawn"}} | spec,
    } | about


def test_removing_the_retrain_annotation_trains_nothing(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.accuracy = 0.95
        world.annotate("again")
        await world.settle()
        before = [job["metadata"]["name"] for job in world.cluster.kind("jobs")]
        world.annotate(None)
        await world.settle()
        assert [job["metadata"]["name"] for job in world.cluster.kind("jobs")] == before
        assert world.condition("Trained") == ("True", "TrainingComplete")
        assert world.status["champion"]["version"] == "2"

    played(scene)


def test_a_request_to_retrain_that_is_taken_back_in_time_trains_nothing(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.apply(suspend=True)
        world.annotate("again")
        await world.settle()
        world.annotate(None)
        world.apply()
        await world.settle()
        assert len(world.cluster.kind("jobs")) == 1

    played(scene)


def test_removing_the_annotation_lets_the_run_that_it_asked_for_go_on(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.annotate("again")
        while len(world.cluster.kind("jobs")) == 1:
            await world.reconcile()
        world.standing = {job["metadata"]["name"] for job in world.cluster.kind("jobs")}
        await world.settle()
        world.annotate(None)
        world.standing = set()
        await world.settle()
        assert sorted(world.mlflow.versions) == [1, 2]
        assert len(world.cluster.kind("jobs")) == 2

    played(scene)


@pytest.mark.parametrize(
    ("spec", "unknown"),
    [
        pytest.param({}, (), id="all known"),
        pytest.param({"canary": {"steps": [10]}}, ("spec.canary",), id="a section"),
        pytest.param(
            {"training": {"labelSmoothing": 0.1, "epochs": 3}, "serving": {"tolerations": []}},
            ("spec.training.labelSmoothing",),
            id="a field",
        ),
        pytest.param(
            {"serving": {"tolerations": [{"key": "a"}, {"key": "b", "newer": 1}]}},
            ("spec.serving.tolerations.1.newer",),
            id="a field of an item",
        ),
    ],
)
def test_a_field_of_a_newer_release_is_ignored_and_named(
    spec: dict[str, Any], unknown: tuple[str, ...]
) -> None:
    given = body(spec)
    parsed = parse(given)
    assert isinstance(parsed, Resource)
    assert parsed.unknown == unknown
    assert given == body(spec), "what was read is left as it was"


def test_beside_an_unknown_field_a_contradiction_is_still_named() -> None:
    parsed = parse(body({"canary": {}, "training": {"epochs": 0}}))
    assert isinstance(parsed, InvalidResource)
    assert "spec.training.epochs" in parsed.message
    assert "canary" not in parsed.message


def test_an_older_operator_serves_on_and_says_what_it_does_not_know(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.apply(canary={"steps": []}, serving={"replicas": 2})
        await world.settle()
        assert world.condition("Accepted") == ("True", "Valid")
        assert "does not know spec.canary" in world.message("Accepted")
        assert world.status["replicas"] == 2

    played(scene)
