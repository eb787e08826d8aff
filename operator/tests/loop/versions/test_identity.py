"""A name is no identity: what a former resource of this name left is offered, not served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.conclusions.identity import own_registry
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen
from fakes.cluster import KEY
from given import contract, deployment, job, registry, seen, status, training, version
from small_world import World, played

FLOWERS = {"storageUri": "s3://datasets/flowers"}
OTHER = given.resource(dataset=FLOWERS)
LEFT = registry(version(1), version(2), champion=2, challenger=1)
ASKED = {"time": given.NOW, "decision": "AdoptionNeeded", "version": "2"}


def left(**about: object) -> Observed:
    """Version 2 learnt from s3://datasets/lawn, is the champion, and nothing serves."""
    return replace(seen(registry=LEFT, artifacts={2: contract()}), **about)


def adopted(number: str) -> Resource:
    return replace(OTHER, adopt=number)


@pytest.mark.parametrize(
    ("resource", "observed", "champion"),
    [
        pytest.param(OTHER, left(), None, id="a model of other data is not served"),
        pytest.param(given.resource(), left(), 2, id="a model of the same spec is served"),
        pytest.param(
            given.resource(dataset={"storageUri": "s3://datasets/lawn/"}, training={"epochs": 20}),
            left(),
            2,
            id="a model of the same dataset is served, however it was trained",
        ),
        pytest.param(adopted("2"), left(), 2, id="a person's word adopts it"),
        pytest.param(adopted("1"), left(), None, id="a word about another version does not"),
        pytest.param(adopted("true"), left(), None, id="nor does a word about none"),
        pytest.param(
            OTHER,
            left(jobs=(job("run2"),)),
            2,
            id="what a Job of this resource registered is its own",
        ),
        pytest.param(
            OTHER,
            left(previous=status(training=training("run2", training_hash="earlier"))),
            2,
            id="what its last run registered is its own, after the Job is gone",
        ),
        pytest.param(
            OTHER, left(deployment=deployment(2)), 2, id="what it serves already goes on serving"
        ),
        pytest.param(
            OTHER,
            left(deployment=deployment(2, ours=False)),
            None,
            id="what a Deployment of somebody else serves is not its own",
        ),
        pytest.param(
            OTHER,
            left(previous=status(champion={"version": "1"})),
            2,
            id="once it served something, the alias is a person's word",
        ),
        pytest.param(
            OTHER,
            left(previous=status(history=[ASKED])),
            None,
            id="it stays as it is while nobody answers",
        ),
        pytest.param(
            OTHER,
            left(previous=status(history=[ASKED | {"version": "1"}])),
            2,
            id="an alias that moved since the person was asked is the person's word",
        ),
        pytest.param(
            OTHER,
            left(artifacts={2: Failure(Reason.STORAGE_UNREACHABLE, "SlowDown")}),
            2,
            id="what cannot be read yet is nobody's: it is waited for",
        ),
        pytest.param(
            OTHER,
            left(artifacts={2: Failure(Reason.ARTIFACT_REJECTED, "gone")}),
            None,
            id="a model whose artifact is gone proves nothing",
        ),
    ],
)
def test_whose_champion_it_is(resource: Resource, observed: Observed, champion: int | None) -> None:
    found = own_registry(resource, observed)
    assert isinstance(found, RegistrySeen)
    assert found.champion == champion
    assert found.alias == 2
    if champion is None:
        assert (found.versions, found.challenger) == ((), None)


Scene = Callable[[World], Awaitable[None]]


def told(scene: Scene, world: World) -> None:
    async def whole() -> None:
        world.apply()
        await world.settle()
        world.cluster.objects.clear()  # what owner references and garbage collection do
        await scene(world)

    played(whole)


def adopt(world: World, value: str) -> None:
    found = world.cluster.one("modeldeployments", KEY.name)
    found["metadata"].setdefault("annotations", {})["dandelion.dev/adopt"] = value
    world.cluster._changed(found)


def test_another_dataset_serves_nothing_of_the_former_one_and_says_how_to(world: World) -> None:
    async def scene(world: World) -> None:
        world.train_fails = ("TooFewClasses", "only one class: rose")
        world.apply(dataset=FLOWERS)
        await world.settle()
        assert world.cluster.kind("deployments") == []
        assert world.mlflow.aliases == {"champion": "1"}, "the alias stays"
        assert world.condition("RolledOut") == ("False", "AdoptionNeeded")
        assert world.condition("Promoted") == ("False", "AdoptionNeeded")
        words = world.message("RolledOut")
        assert "learnt from s3://datasets/lawn and not from s3://datasets/flowers" in words
        assert "kubectl annotate mdep lawn -n default --overwrite dandelion.dev/adopt=1" in words
        assert world.decisions().count(("AdoptionNeeded", "1")) == 1
        assert "champion" not in world.status
        events = [item["reason"] for item in world.cluster.kind("events")]
        assert events.count("AdoptionNeeded") == 1

    told(scene, world)


def test_its_own_version_takes_the_place_without_being_compared_with_the_former_one(
    world: World,
) -> None:
    async def scene(world: World) -> None:
        world.accuracy = 0.85
        world.apply(dataset=FLOWERS)
        await world.settle()
        assert world.mlflow.aliases == {"champion": "2"}
        assert world.serving_version() == "2"
        assert world.condition("Ready") == ("True", "Serving")
        assert world.storage.comparisons == {}
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert world.serving_version() == "1", "a person rolls back as ever"

    told(scene, world)


def test_adopted_by_the_annotation_it_serves(world: World) -> None:
    async def scene(world: World) -> None:
        world.train_fails = ("TooFewClasses", "only one class: rose")
        world.apply(dataset=FLOWERS)
        await world.settle()
        adopt(world, "true")
        await world.settle()
        assert "dandelion.dev/adopt is 'true' now" in world.message("RolledOut")
        adopt(world, "1")
        await world.settle()
        assert world.serving_version() == "1"
        assert world.condition("Ready") == ("True", "Serving")

    told(scene, world)


def test_the_history_tells_of_an_adoption_and_of_no_run_of_the_former_one(world: World) -> None:
    async def scene(world: World) -> None:
        world.apply(dataset=FLOWERS, suspend=True)
        await world.settle()
        adopt(world, "1")
        await world.settle()
        assert world.serving_version() == "1"
        assert world.decisions() == [("AdoptionNeeded", "1"), ("Adopted", "1")]
        assert "dandelion.dev/adopt names version 1" in world.status["history"][0]["reason"]

    told(scene, world)


def test_a_promotion_that_a_former_resource_began_is_not_taken_up(world: World) -> None:
    async def scene(world: World) -> None:
        world.mlflow.aliases.clear()
        world.mlflow.versions[1]["tags"] |= {
            "dandelion.dev/verdict": "promoting",
            "dandelion.dev/replaces": "",
        }
        world.train_fails = ("TooFewClasses", "only one class: rose")
        world.apply(dataset=FLOWERS)
        await world.settle()
        assert world.mlflow.aliases == {}
        assert world.cluster.kind("deployments") == []

    told(scene, world)


def test_a_run_after_a_former_resource_is_its_first(world: World) -> None:
    async def scene(world: World) -> None:
        world.apply(dataset=FLOWERS)
        await world.settle()
        assert world.status["training"]["trigger"] == "Created"
        (made,) = world.cluster.kind("jobs")
        (container,) = made["spec"]["template"]["spec"]["containers"]
        given_to_it = {item["name"]: item["value"] for item in container["env"]}
        assert given_to_it["DANDELION_CHAMPION_URI"] == ""
        assert given_to_it["DANDELION_FORMER_DATASET"] == ""

    told(scene, world)
