"""What a user sees over time: the whole loop against the small world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dandelion_operator.api import naming
from fakes.cluster import KEY
from small_world import World, played

Scene = Callable[[World], Awaitable[None]]


async def two_versions(world: World) -> None:
    world.apply()
    await world.settle()
    world.accuracy = 0.95
    world.annotate("again")
    await world.settle()
    assert world.status["champion"]["version"] == "2"


def test_a_rollback_is_moving_the_alias_and_so_is_going_forward_again(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        for number in ("1", "2"):
            world.mlflow.aliases["champion"] = number
            await world.settle()
            assert world.serving_version() == number
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
        assert world.serving_version() == "2"
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
        assert world.serving_version() == "2"
        assert "version 9, which does not exist" in world.message("Promoted")
        assert world.condition("Promoted") == ("False", "AliasMissing")
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_alias_that_was_removed_keeps_serving_and_says_so(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        del world.mlflow.aliases["champion"]
        await world.settle()
        assert world.serving_version() == "2"
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


def test_the_key_for_the_log_lies_beside_the_model(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        secret = world.cluster.one("secrets", naming.log_secret(KEY))
        assert secret["data"]["AWS_ACCESS_KEY_ID"] == "bG9ncw=="
        world.cluster.objects.pop(("secrets", KEY.namespace, naming.log_secret(KEY)))
        await world.settle()
        assert world.cluster.one("secrets", naming.log_secret(KEY))["data"] == secret["data"]

    played(scene)


def environment(world: World) -> dict[str, str]:
    deployment = world.cluster.one("deployments", "lawn-inference")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item["value"] for item in container["env"]}


def test_a_log_set_up_later_reaches_pods_with_the_next_version(world: World) -> None:
    async def scene() -> None:
        later = world.settings
        world.settings = later.model_copy(update={"log_uri": ""})
        world.restart()
        await two_versions(world)
        before = world.cluster.one("deployments", "lawn-inference")["metadata"]["generation"]
        world.settings = later
        world.restart()
        await world.settle()
        after = world.cluster.one("deployments", "lawn-inference")["metadata"]["generation"]
        assert after == before, "an upgrade restarts no pod"
        assert "DANDELION_LOG_URI" not in environment(world)
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert environment(world)["DANDELION_LOG_URI"] == "s3://predictions"

    played(scene)


def test_the_champion_tells_what_it_computes_in(world: World) -> None:
    async def scene() -> None:
        world.precision = "int8"
        world.apply()
        await world.settle()
        assert world.status["champion"]["precision"] == "int8"
        world.apply(serving={"precision": "fp32"})
        await world.settle()
        assert world.status["champion"]["precision"] == "fp32"
        assert environment(world)["DANDELION_PRECISION"] == "fp32"

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
        assert "is below promotion.minimum 0.8: rejected" in world.message("Promoted")
        assert world.status["challenger"]["metrics"] == {"accuracy": 0.7}
        world.apply(promotion={"minimum": 0.6})
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert len(world.cluster.kind("jobs")) == 1

    played(scene)


def evaluations(world: World) -> list[str]:
    return [name for name in jobs(world) if "-evaluate-" in name]


def jobs(world: World) -> list[str]:
    return [item["metadata"]["name"] for item in world.cluster.kind("jobs")]


async def the_champion_moves_while_version_3_trains(world: World) -> None:
    await two_versions(world)
    world.accuracy = 0.96
    world.annotate("once more")
    before = jobs(world)
    while jobs(world) == before:
        await world.reconcile()
    world.standing = set(jobs(world)) - set(before)
    await world.settle()
    world.mlflow.aliases["champion"] = "1"
    await world.settle()
    world.standing = set()


def test_training_compares_with_the_champion_so_no_job_is_needed(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        assert evaluations(world) == []
        found = world.status["evaluation"]
        assert (found["challenger"], found["champion"], found["images"]) == ("2", "1", 1000)
        assert found["difference"] == 0.05
        assert found["interval"][0] < 0.05 < found["interval"][1]
        assert found["verdict"] == "promoted"
        assert found["datasetVersion"].startswith("sha256:")

    played(scene)


def test_a_champion_that_moved_meanwhile_is_compared_by_a_job_of_its_own(world: World) -> None:
    async def scene() -> None:
        await the_champion_moves_while_version_3_trains(world)
        await world.settle()
        (job,) = evaluations(world)
        assert world.cluster.one("jobs", job)["status"]["conditions"][0]["type"] == "Complete"
        assert world.status["champion"]["version"] == "3"
        found = world.status["evaluation"]
        assert (found["challenger"], found["champion"]) == ("3", "1")
        assert world.status["training"]["jobName"] != job, "it is no run"

    played(scene)


def test_a_comparison_that_fails_is_told_and_not_tried_again(world: World) -> None:
    async def scene() -> None:
        world.evaluation_fails = True
        await the_champion_moves_while_version_3_trains(world)
        await world.settle()
        assert world.condition("Promoted") == ("Unknown", "EvaluationFailed")
        assert "DatasetVersionUnavailable: 3 images are gone" in world.message("Promoted")
        assert world.condition("Trained") == ("True", "TrainingComplete")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["champion"]["version"] == "1"
        before = world.killer.writes
        for _ in range(5):
            await world.reconcile()
            world.tick()
        assert world.killer.writes == before
        world.evaluation_fails = False
        world.apply(promotion={"margin": 0.03})
        await world.settle()
        assert world.status["champion"]["version"] == "3"
        assert len(evaluations(world)) == 1

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
