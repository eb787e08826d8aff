"""Who training is to MLflow, where MLflow asks the cluster who may do what."""

from __future__ import annotations

from typing import Any

from small_world import World, played

AUDIENCE, ROLE = "mlflow.dandelion.dev", "dandelion-mlflow-training"
ACCOUNT = {"kind": "ServiceAccount", "name": "lawn-training", "namespace": "default"}


def asks_the_cluster(world: World) -> None:
    told = {"mlflow_audience": AUDIENCE, "mlflow_training_role": ROLE}
    world.settings = world.settings.model_copy(update=told)
    world.restart()


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = job["spec"]["template"]["spec"]
    return spec


def job(world: World, part: str) -> dict[str, Any]:
    return next(item for item in world.cluster.kind("jobs") if part in item["metadata"]["name"])


def test_a_run_shows_a_token_that_is_good_for_mlflow_alone(world: World) -> None:
    async def scene() -> None:
        asks_the_cluster(world)
        world.apply()
        await world.settle()
        pod = pod_of(job(world, "-train-"))
        assert pod["serviceAccountName"] == "lawn-training"
        assert pod["automountServiceAccountToken"] is False
        (volume, source) = next(
            (item, source)
            for item in pod["volumes"]
            for source in item.get("projected", {}).get("sources", ())
            if "serviceAccountToken" in source
        )
        assert source["serviceAccountToken"]["audience"] == AUDIENCE
        (container,) = pod["containers"]
        (mount,) = (item for item in container["volumeMounts"] if item["name"] == volume["name"])
        file = f"{mount['mountPath']}/{source['serviceAccountToken']['path']}"
        assert {"name": "DANDELION_MLFLOW_TOKEN_FILE", "value": file} in container["env"]

    played(scene)


def test_its_rights_are_there_before_it_and_go_with_the_resource(world: World) -> None:
    async def scene() -> None:
        asks_the_cluster(world)
        there: list[bool] = []

        def created(plural: str, body: dict[str, Any]) -> None:
            if plural == "jobs":
                there.append(bool(world.cluster.kind("rolebindings")))

        world.cluster.before_creation = created
        world.apply()
        await world.settle()
        assert there == [True]
        binding = world.cluster.one("rolebindings", "lawn-training")
        assert binding["roleRef"]["name"] == ROLE
        assert binding["subjects"] == [ACCOUNT]
        world.delete()
        assert not world.cluster.kind("rolebindings")
        assert not world.cluster.kind("serviceaccounts")

    played(scene)


def test_an_account_of_a_pod_template_gets_the_rights_in_its_place(world: World) -> None:
    async def scene() -> None:
        asks_the_cluster(world)
        world.apply(training={"podTemplate": {"spec": {"serviceAccountName": "mine"}}})
        await world.settle()
        binding = world.cluster.one("rolebindings", "lawn-training")
        assert binding["subjects"] == [ACCOUNT | {"name": "mine"}]
        assert not world.cluster.kind("serviceaccounts")
        assert pod_of(job(world, "-train-"))["serviceAccountName"] == "mine"

    played(scene)


def test_rights_that_cannot_be_given_are_told_and_no_run_begins_without(world: World) -> None:
    async def scene() -> None:
        asks_the_cluster(world)
        world.cluster.refuse["rolebindings"] = "rolebindings is forbidden"
        world.apply()
        await world.reconcile()
        assert not world.cluster.kind("jobs")
        assert "rolebindings is forbidden" in world.message("Trained")
        del world.cluster.refuse["rolebindings"]
        await world.settle()
        assert world.serving_version() == "1"

    played(scene)


def test_an_installation_that_lets_everybody_in_gives_no_rights(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        assert not world.cluster.kind("rolebindings")
        assert "serviceAccountName" not in pod_of(job(world, "-train-"))

    played(scene)
