"""What a user sees over time: the whole loop against the small world."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from dandelion_operator import naming
from dandelion_operator.observed import Failure
from dandelion_operator.reasons import Reason
from fakes import KEY, World

Scene = Callable[[World], Awaitable[None]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def played(scene: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await scene()

    asyncio.run(run())


async def two_versions(world: World) -> None:
    world.apply()
    await world.settle()
    world.accuracy = 0.95
    world.annotate("again")
    await world.settle()
    assert world.status["champion"]["version"] == "2"


def serving_version(world: World) -> str:
    labels = world.cluster.one("deployments", "lawn-inference")["metadata"]["labels"]
    return str(labels[naming.VERSION_LABEL])


def test_a_rollback_is_moving_the_alias_and_so_is_going_forward_again(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        for number in ("1", "2"):
            world.mlflow.aliases["champion"] = number
            await world.settle()
            assert serving_version(world) == number
            assert world.status["champion"]["version"] == number
            assert world.decisions()[-1] == ("FollowedAlias", number)
            assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_alias_on_a_version_whose_artifact_is_gone_keeps_the_old_one_serving(
    world: World,
) -> None:
    async def scene() -> None:
        await two_versions(world)
        world.storage.contracts.pop(world.mlflow.versions[1]["source"])
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert serving_version(world) == "2"
        assert world.condition("RolledOut") == ("False", "ArtifactRejected")
        assert "version 1 cannot be served" in world.message("RolledOut")
        assert world.condition("Promoted") == ("False", "ArtifactRejected")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["champion"]["version"] == "2"
        assert world.decisions().count(("ArtifactRejected", "1")) == 1

    played(scene)


def test_an_alias_on_a_version_that_does_not_exist_keeps_the_old_one_serving(
    world: World,
) -> None:
    async def scene() -> None:
        await two_versions(world)
        world.mlflow.aliases["champion"] = "9"
        await world.settle()
        assert serving_version(world) == "2"
        assert "version 9, which does not exist" in world.message("RolledOut")
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_alias_that_was_removed_keeps_serving_and_says_so(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        del world.mlflow.aliases["champion"]
        await world.settle()
        assert serving_version(world) == "2"
        assert world.condition("Promoted") == ("False", "AliasMissing")
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_a_failed_training_takes_nothing_from_what_serves(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.train_fails = ("TooFewClasses", "only one class: grass")
        world.apply(training={"epochs": 20})
        await world.settle()
        assert world.condition("Trained") == ("False", "TrainingFailed")
        assert world.message("Trained") == "TooFewClasses: only one class: grass"
        assert world.condition("Ready") == ("True", "Serving")
        assert len(world.cluster.kind("jobs")) == 2
        before = len(world.cluster.kind("jobs"))
        await world.settle()
        assert len(world.cluster.kind("jobs")) == before, "a failed run is not tried again"
        world.train_fails, world.storage.fingerprint = None, "images-2"
        await world.settle()
        assert world.condition("Trained") == ("True", "TrainingComplete")

    played(scene)


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


def test_rotated_keys_reach_the_copies(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        folder = world.settings.inference_credentials_dir
        (folder / "AWS_SECRET_ACCESS_KEY").write_text("rotated")
        await world.settle()
        secret = world.cluster.one("secrets", naming.inference_secret(KEY))
        assert secret["data"]["AWS_SECRET_ACCESS_KEY"] == "cm90YXRlZA=="

    played(scene)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"training": {"architecture": "vgg16"}}, "spec.training.architecture"),
        ({"promotion": {"minimum": 2}}, "spec.promotion.minimum"),
        ({"dataset": {"storageUri": "lawn"}}, "spec.dataset.storageUri"),
        ({"storage": {"endpoint": "http://s3"}}, "needs storage.secretRef"),
        ({"unknown": 1}, "spec.unknown"),
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
        assert serving_version(world) == "1"
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


def test_manual_waits_and_says_what_to_do(world: World) -> None:
    async def scene() -> None:
        world.apply(promotion={"mode": "Manual"})
        await world.settle()
        assert world.condition("Promoted") == ("Unknown", "AwaitingApproval")
        assert "set the alias champion to version 1" in world.message("Promoted")
        assert world.status["challenger"]["version"] == "1"
        assert world.cluster.kind("deployments") == []
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert "challenger" not in world.status
        assert world.decisions()[-1] == ("FollowedAlias", "1")

    played(scene)


def test_observe_reports_what_it_would_have_done(world: World) -> None:
    async def scene() -> None:
        world.apply(promotion={"mode": "Observe"})
        await world.settle()
        assert world.condition("Promoted") == ("Unknown", "ObserveOnly")
        assert "would have been promoted" in world.message("Promoted")
        assert world.mlflow.aliases == {}

    played(scene)


def test_a_lower_minimum_lets_a_rejected_version_through(world: World) -> None:
    async def scene() -> None:
        world.accuracy = 0.7
        world.apply()
        await world.settle()
        assert world.condition("Promoted") == ("False", "GateFailed")
        assert "accuracy 0.7 is below promotion.minimum 0.8" in world.message("Promoted")
        assert world.status["challenger"]["metrics"] == {"accuracy": 0.7}
        world.apply(promotion={"minimum": 0.6})
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert len(world.cluster.kind("jobs")) == 1

    played(scene)


def test_a_person_may_overrule_the_gate(world: World) -> None:
    async def scene() -> None:
        world.accuracy = 0.7
        world.apply()
        await world.settle()
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert world.condition("Promoted") == ("True", "VersionPromoted")
        assert world.mlflow.verdict(1) == "promoted"

    played(scene)


def test_a_job_that_a_quota_refuses_is_told_and_holds_up_nothing_else(world: World) -> None:
    async def scene() -> None:
        world.cluster.refuse["jobs"] = "exceeded quota: pods=1"
        world.apply()
        for _ in range(3):
            await world.look()
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
            await world.look()
            for job in world.cluster.kind("jobs"):
                world._train(job)
        assert world.condition("RolledOut") == ("False", "NameTaken")
        kept = world.cluster.one("deployments", "lawn-inference")
        assert "ownerReferences" not in kept["metadata"]

    played(scene)


def test_applied_again_after_a_deletion_the_trained_version_serves_at_once(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.cluster.objects.clear()  # what owner references and garbage collection do
        world.apply()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert world.cluster.kind("jobs") == []
        assert sorted(world.mlflow.versions) == [1]

    played(scene)


def test_children_are_owned_so_deletion_needs_no_operator(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        owner = world.cluster.one("modeldeployments", "lawn")["metadata"]
        assert "finalizers" not in owner
        for kind in ("jobs", "deployments", "services", "secrets"):
            for child in world.cluster.kind(kind):
                (reference,) = child["metadata"]["ownerReferences"]
                assert reference["uid"] == owner["uid"]
                assert reference["controller"] is True

    played(scene)
