"""What a user sees over time: a run that fails, a resource that is deleted and applied again."""

from __future__ import annotations

from small_world import World, played


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
