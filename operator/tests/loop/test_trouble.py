"""What a user sees over time when something is missing, refused, broken or held back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure, Reason
from small_world import World, played
from small_world.controllers import train

Scene = Callable[[World], Awaitable[None]]


def test_pods_that_never_turn_ready_leave_the_old_version_serving(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        trouble = ("DigestMismatch", "model.onnx is not what the contract promises")
        world.pod_trouble = {"2": trouble}
        world.accuracy = 0.95
        world.annotate("again")
        await world.settle()
        assert world.condition("RolledOut") == ("False", "ArtifactRejected")
        assert "DigestMismatch: model.onnx is not" in world.message("RolledOut")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.message("Ready").startswith("version 1 answers; ")
        assert world.status["champion"]["version"] == "1"
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert world.mlflow.aliases["champion"] == "1", "a person's rollback is not fought"
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")

    played(scene)


def test_not_ready_before_the_first_version_serves_completely(world: World) -> None:
    async def scene() -> None:
        world.pod_trouble = {"1": ("StorageUnreachable", "no answer from http://s3")}
        world.apply(serving={"replicas": 2})
        await world.settle()
        assert world.condition("Ready") == ("False", "Progressing")
        assert "StorageUnreachable: no answer" in world.message("Ready")
        world.pod_trouble = {}
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["champion"]["servedReplicas"] == 2

    played(scene)


def test_scaled_to_zero_is_not_ready_and_comes_back(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.apply(serving={"replicas": 0})
        await world.settle()
        assert world.condition("Ready") == ("False", "ScaledToZero")
        world.apply(serving={"replicas": 2})
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["replicas"] == 2

    played(scene)


def test_mlflow_away_changes_nothing_about_what_serves(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.mlflow.away = True
        world.apply(training={"epochs": 20})
        await world.settle()
        assert world.condition("Promoted") == ("Unknown", "RegistryUnreachable")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["champion"]["version"] == "1"
        world.mlflow.away = False
        await world.settle()
        assert world.condition("Promoted") == ("True", "VersionPromoted")
        assert world.status["champion"]["version"] == "2"

    played(scene)


@pytest.mark.parametrize(
    "obstacle",
    [
        Failure(Reason.STORAGE_UNREACHABLE, "http://s3 cannot be reached: connection refused"),
        Failure(Reason.CREDENTIALS_REJECTED, "http://s3 refuses the keys in the Secret mine"),
        Failure(Reason.BUCKET_NOT_FOUND, "there is no bucket datasets at http://s3; create it"),
        Failure(Reason.DATASET_EMPTY, "no object lies below s3://datasets/lawn"),
    ],
    ids=lambda failure: failure.reason.value,
)
def test_what_stands_in_the_way_is_named_and_training_starts_once_it_is_gone(
    world: World, obstacle: Failure
) -> None:
    async def scene() -> None:
        world.storage.obstacle = obstacle
        world.apply()
        await world.settle()
        assert world.condition("Accepted") == ("False", obstacle.reason.value)
        assert world.condition("Ready") == ("False", obstacle.reason.value)
        assert world.message("Ready") == obstacle.message
        assert world.cluster.kind("jobs") == []
        world.storage.obstacle = None
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_a_secret_that_is_missing_is_named(world: World) -> None:
    async def scene() -> None:
        keys = {"endpoint": "http://other:9000", "secretRef": {"name": "mine"}}
        world.apply(storage=keys)
        await world.settle()
        assert world.condition("Accepted") == ("False", "SecretMissing")
        assert "no Secret mine in the namespace default" in world.message("Accepted")
        world.cluster.put(
            "secrets",
            {
                "metadata": {"name": "mine"},
                "data": {"AWS_ACCESS_KEY_ID": "YQ==", "AWS_SECRET_ACCESS_KEY": "Yg=="},
            },
        )
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        secrets = [item["metadata"]["name"] for item in world.cluster.kind("secrets")]
        assert secrets == ["mine"], "the chart's keys stay out of a namespace that has its own"

    played(scene)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"training": {"architecture": "vgg16"}}, "spec.training.architecture"),
        ({"promotion": {"minimum": 2}}, "spec.promotion.minimum"),
        ({"dataset": {"storageUri": "lawn"}}, "spec.dataset.storageUri"),
        ({"storage": {"endpoint": "http://s3"}}, "needs storage.secretRef"),
    ],
)
def test_an_invalid_spec_is_named_and_what_serves_goes_on(
    world: World, spec: dict[str, Any], words: str
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.apply(**spec)
        await world.settle()
        assert world.condition("Accepted") == ("False", "InvalidSpec")
        assert words in world.message("Accepted")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.serving_version() == "1"
        assert world.status["champion"]["version"] == "1"

    played(scene)


def test_suspended_nothing_is_trained_or_promoted_until_it_is_lifted(world: World) -> None:
    async def scene() -> None:
        world.apply(suspend=True)
        await world.settle()
        assert world.condition("Trained") == ("Unknown", "Suspended")
        assert world.cluster.kind("jobs") == []
        world.apply()
        await world.until_training()
        world.apply(suspend=True)
        await world.settle()
        assert world.cluster.kind("jobs")[0]["spec"]["suspend"] is True
        assert world.status["training"]["state"] == "Suspended"
        world.standing = set()
        world.apply()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_a_job_that_a_quota_refuses_is_told_and_holds_up_nothing_else(world: World) -> None:
    async def scene() -> None:
        world.cluster.refuse["jobs"] = "exceeded quota: pods=1"
        world.apply()
        for _ in range(3):
            await world.reconcile()
        assert world.condition("Trained") == ("Unknown", "TrainingPending")
        assert "exceeded quota" in world.message("Trained")
        del world.cluster.refuse["jobs"]
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_a_deployment_of_somebody_else_is_left_alone(world: World) -> None:
    async def scene() -> None:
        template = {"metadata": {"labels": {naming.VERSION_LABEL: "0"}}, "spec": {}}
        world.cluster.put(
            "deployments",
            {
                "metadata": {"name": "lawn-inference"},
                "spec": {"replicas": 1, "template": template},
            },
        )
        world.apply()
        for _ in range(6):
            await world.reconcile()
            for job in world.cluster.kind("jobs"):
                train(world, job)
        assert world.condition("RolledOut") == ("False", "NameTaken")
        kept = world.cluster.one("deployments", "lawn-inference")
        assert "ownerReferences" not in kept["metadata"]

    played(scene)
