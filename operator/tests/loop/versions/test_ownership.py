"""Only what this resource's own runs wrote is served, whatever the registry says of a version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.seen.versions import ContractSeen
from small_world import World, played

THEIRS = "s3://models/garden/roses/run1/artifact"
DIGEST = {"contract-digest": "sha256:theirs"}


def in_another_folder(world: World, run: str) -> str:
    return THEIRS


def in_another_bucket(world: World, run: str) -> str:
    return f"s3://elsewhere/default/lawn/{run}/artifact"


def in_a_folder_that_begins_alike(world: World, run: str) -> str:
    return f"s3://models/default/lawn-2/{run}/artifact"


def out_of_the_own_folder_by_dots(world: World, run: str) -> str:
    return "s3://models/default/lawn/../../garden/roses/run1/artifact"


def registered(world: World, source: str, model: str, **tags: str) -> int:
    """What anybody who reaches MLflow and S3 may do."""
    number = world.mlflow.add_version(run="foreign", **DIGEST, **tags)
    world.mlflow.versions[number]["source"] = source
    world.storage.contracts[source] = ContractSeen(
        {"accuracy": 0.99}, holdout=1000, model=model, dataset_uri="s3://datasets/lawn"
    )
    return number


@pytest.mark.parametrize(
    "source",
    [
        in_another_folder,
        in_another_bucket,
        in_a_folder_that_begins_alike,
        out_of_the_own_folder_by_dots,
    ],
    ids=lambda made: made.__name__.replace("_", " "),
)
def test_a_version_whose_source_lies_elsewhere_is_not_served(
    world: World, source: Callable[[World, str], str]
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        number = registered(world, source(world, "run9"), "default.lawn")
        world.mlflow.aliases["champion"] = str(number)
        await world.settle()
        assert world.serving_version() == "1"
        assert world.condition("RolledOut") == ("False", "ArtifactRejected")
        assert "does not lie below s3://models/default/lawn/" in world.message("RolledOut")
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


@pytest.mark.parametrize("model", ["garden.roses", ""])
def test_a_version_whose_contract_names_another_model_is_not_served(
    world: World, model: str
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        source = "s3://models/default/lawn/copied/artifact"
        world.mlflow.aliases["champion"] = str(registered(world, source, model))
        await world.settle()
        assert world.serving_version() == "1"
        assert world.condition("RolledOut") == ("False", "ArtifactRejected")
        assert f"names {'the model ' if model else 'no model'}{model}" in world.message("RolledOut")

    played(scene)


def test_a_foreign_version_is_not_promoted_for_bearing_this_specs_training_hash(
    world: World,
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        own = world.mlflow.versions[1]["tags"]
        tags = {"training-hash": own["dandelion.dev/training-hash"]}
        registered(world, THEIRS, "garden.roses", **tags)
        await world.settle()
        assert world.mlflow.aliases["champion"] == "1"
        assert world.serving_version() == "1"

    played(scene)


def pointed_at(world: World, source: str, number: int) -> None:
    """What anybody may do who may edit Deployments."""

    def edit(raw: dict[str, Any]) -> None:
        (container,) = raw["spec"]["template"]["spec"]["containers"]
        told = {
            "DANDELION_ARTIFACT_URI": source,
            "DANDELION_MODEL_VERSION": str(number),
            "DANDELION_CONTRACT_DIGEST": DIGEST["contract-digest"],
        }
        for item in container["env"]:
            item["value"] = told.get(item["name"], item.get("value"))

    world.cluster.edit("deployments", "lawn-inference", edit, "kubectl-edit")


def test_a_deployment_that_was_pointed_at_another_folder_vouches_for_no_version(
    world: World,
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        number = registered(world, THEIRS, "default.lawn")
        pointed_at(world, THEIRS, number)
        world.mlflow.aliases["champion"] = str(number)
        await world.settle()
        assert world.condition("RolledOut") == ("False", "ArtifactRejected")
        assert "does not lie below s3://models/default/lawn/" in world.message("RolledOut")
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert world.serving_version() == "1"
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")

    played(scene)


def test_a_version_of_an_own_run_is_served(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        found = world.storage.contracts["s3://models/default/lawn/by-hand/artifact"] = replace(
            next(
                item for item in world.storage.contracts.values() if isinstance(item, ContractSeen)
            )
        )
        assert found.model == "default.lawn"
        number = world.mlflow.add_version(run="by-hand", **DIGEST)
        world.mlflow.aliases["champion"] = str(number)
        await world.settle()
        assert world.serving_version() == str(number)

    played(scene)


def test_a_champion_in_the_bucket_of_before_is_compared_with_what_is_trained_next(
    world: World,
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.accuracy = 0.8
        world.apply(storage={"bucket": "mine"}, training={"epochs": 20})
        await world.settle()
        assert world.mlflow.verdict(2) == "rejected", "it is worse than what serves"
        assert world.serving_version() == "1"
        world.accuracy = 0.95
        world.annotate("again")
        await world.settle()
        assert world.serving_version() == "3"
        assert world.condition("Promoted") == ("True", "VersionPromoted")

    played(scene)
