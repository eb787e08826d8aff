"""A person asks for the images to be read: a Job, a dataset version, and nothing is trained."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_operator.api import digests
from fakes.cluster import KEY
from small_world import World, played


def ask(world: World, value: str | None = "now", name: str = "") -> None:
    world.annotate(value, "ingest")
    if name:
        found = world.cluster.one("modeldeployments", KEY.name)
        signature = f"ingest={value} by {name}"
        found["metadata"]["annotations"]["dandelion.dev/requested-by"] = signature


def jobs(world: World) -> list[str]:
    names = [item["metadata"]["name"] for item in world.cluster.kind("jobs")]
    return [name for name in names if "-ingest-" in name]


def entries(world: World, decision: str) -> list[dict[str, Any]]:
    """Newest first."""
    return [item for item in world.status["history"] if item["decision"] == decision]


def learnt_from(world: World, version: int) -> str:
    digest: str = world.mlflow.versions[version]["tags"]["dandelion.dev/dataset-digest"]
    return digest


async def a_champion(world: World, **sections: Any) -> None:
    world.apply(**sections)
    await world.settle()


async def until_reading(world: World) -> None:
    """Its Job hangs on for as long as it is let."""
    while not jobs(world):
        await world.reconcile()
    world.standing = {*jobs(world)}
    await world.settle()


def test_new_images_make_a_version_that_is_told_and_nothing_is_trained(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        before, trained = learnt_from(world, 1), world.status["training"]["run"]
        world.storage.upload("a.jpg")
        ask(world, name="ada@example.com")
        await world.settle()
        (job,) = jobs(world)
        found = world.status["ingest"]
        assert (found["state"], found["value"], found["jobName"]) == ("Succeeded", "now", job)
        assert (found["since"], found["changes"]) == (before, {"added": 1})
        assert found["requestedBy"] == "ada@example.com"
        assert world.status["dataset"]["version"] == found["datasetVersion"] != before
        assert world.status["dataset"]["images"] == 41
        (entry,) = entries(world, "DatasetIngested")
        assert entry["requestedBy"] == "ada@example.com"
        assert entry["dataset"] == found["datasetVersion"]
        assert "41 images of 2 classes, 8 held out; since version" in entry["reason"]
        assert "1 added" in entry["reason"]
        assert world.status["training"]["run"] == trained
        assert (len(world.mlflow.versions), world.mlflow.aliases) == (1, {"champion": "1"})
        assert world.condition("Trained") == ("True", "TrainingComplete")
        assert world.condition("Ready") == ("True", "Serving")
        events = [item["message"] for item in world.cluster.kind("events")]
        assert any("asked for by ada@example.com" in message for message in events)

    played(scene)


def test_unchanged_images_are_told_as_such(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        before = learnt_from(world, 1)
        ask(world)
        await world.settle()
        assert world.status["ingest"]["datasetVersion"] == before
        assert world.status["dataset"]["version"] == before
        (entry,) = entries(world, "DatasetIngested")
        assert entry["reason"].startswith("no change since dataset version sha256:")

    played(scene)


def test_at_rest_nothing_is_written(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        world.storage.upload("a.jpg")
        ask(world)
        await world.settle()
        before, told = world.killer.writes, world.status
        for _ in range(5):
            world.restart()
            await world.reconcile()
            world.tick()
        assert world.killer.writes == before
        assert world.status == told

    played(scene)


def test_a_run_that_follows_grows_from_that_version(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        world.storage.upload("a.jpg")
        ask(world)
        await world.settle()
        made = world.status["dataset"]["version"]
        world.annotate("again")
        await world.settle()
        assert learnt_from(world, 2) == made
        newest = max(
            (item for item in world.cluster.kind("jobs") if "-train-" in item["metadata"]["name"]),
            key=lambda item: item["metadata"]["creationTimestamp"],
        )
        (container,) = newest["spec"]["template"]["spec"]["containers"]
        told = {item["name"]: item.get("value") for item in container["env"]}
        assert told["DANDELION_FORMER_DATASET"] == made

    played(scene)


def test_images_can_be_looked_at_before_anything_is_trained(world: World) -> None:
    async def scene() -> None:
        await a_champion(world, suspend=True)
        assert world.mlflow.versions == {}
        ask(world)
        await world.settle()
        assert world.status["ingest"]["state"] == "Succeeded"
        assert world.status["dataset"]["images"] == 40
        assert world.condition("Trained") == ("Unknown", "Suspended")
        world.apply()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_what_no_attempt_can_help_is_told_where_one_looks_and_not_tried_again(
    world: World,
) -> None:
    async def scene() -> None:
        await a_champion(world)
        before = world.status["dataset"]
        world.ingest_fails = ("TooFewImages", "grass has 3 usable images")
        ask(world, name="ada@example.com")
        await world.settle()
        found = world.status["ingest"]
        assert (found["state"], found["reason"]) == ("Failed", "TooFewImages")
        (entry,) = entries(world, "IngestFailed")
        assert entry["reason"] == "TooFewImages: grass has 3 usable images"
        assert entry["requestedBy"] == "ada@example.com"
        assert world.condition("Accepted") == ("True", "Valid")
        assert "could not be read as dandelion.dev/ingest asks: TooFewImages: grass has 3" in (
            world.message("Accepted")
        )
        assert world.status["dataset"] == before
        assert world.condition("Ready") == ("True", "Serving")
        (warning,) = (e for e in world.cluster.kind("events") if e["reason"] == "IngestFailed")
        assert warning["type"] == "Warning"
        assert len(jobs(world)) == 1
        world.ingest_fails = None
        world.annotate("again")
        await world.settle()
        assert "dandelion.dev/ingest" not in world.message("Accepted"), "a run has read them since"

    played(scene)


def test_what_infrastructure_did_is_tried_again(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        world.ingest_fails = ("StorageUnreachable", "no answer")
        ask(world)
        while len(jobs(world)) < 3:
            await world.reconcile()
            world.tick()
        world.ingest_fails = None
        while world.status["ingest"]["state"] != "Succeeded":
            await world.reconcile()
            world.tick()
        assert world.status["ingest"]["attempts"] == len(jobs(world)) in (3, 4)
        assert entries(world, "IngestFailed") == []
        assert len(entries(world, "DatasetIngested")) == 1

    played(scene)


def test_a_job_that_somebody_deletes_is_made_again(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        ask(world)
        await until_reading(world)
        (gone,) = jobs(world)
        del world.cluster.objects["jobs", KEY.namespace, gone]
        world.standing = set()
        await world.settle()
        assert jobs(world) == [f"{gone}-2"]
        assert world.status["ingest"]["state"] == "Succeeded"

    played(scene)


def test_a_run_waits_until_the_images_are_read(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        ask(world)
        await until_reading(world)
        world.annotate("again")
        await world.settle()
        assert world.condition("Trained") == ("Unknown", "TrainingPending")
        assert "has read the images" in world.message("Trained")
        assert len(world.mlflow.versions) == 1
        world.standing = set()
        await world.settle()
        assert world.status["ingest"]["state"] == "Succeeded"
        assert len(world.mlflow.versions) == 2
        told = [decision for decision, _ in world.decisions()]
        assert told[told.index("DatasetIngested") :][:2] == ["DatasetIngested", "TrainingStarted"]

    played(scene)


def test_without_the_annotation_it_is_stopped(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        ask(world, name="ada@example.com")
        await until_reading(world)
        assert world.status["ingest"]["state"] == "Pending"
        ask(world, None)
        await world.settle()
        assert jobs(world) == []
        assert world.status["ingest"]["state"] == "Stopped"
        (entry,) = entries(world, "IngestStopped")
        assert entry["requestedBy"] == "ada@example.com"
        ask(world)
        world.standing = set()
        await world.settle()
        assert world.status["ingest"]["state"] == "Succeeded"

    played(scene)


def test_a_later_one_takes_the_place_of_an_earlier_one(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        ask(world, "first", "ada@example.com")
        await until_reading(world)
        world.standing = set()
        ask(world, "second", "bob@example.com")
        await world.settle()
        assert len(jobs(world)) == 1
        (stopped,), (made,) = entries(world, "IngestStopped"), entries(world, "DatasetIngested")
        assert (stopped["requestedBy"], made["requestedBy"]) == (
            "ada@example.com",
            "bob@example.com",
        )

    played(scene)


def test_a_pinned_version_refuses_it(world: World) -> None:
    async def scene() -> None:
        pinned = {"storageUri": "s3://datasets/lawn", "version": f"sha256:{'d' * 64}"}
        await a_champion(world, dataset=pinned)
        ask(world, name="ada@example.com")
        await world.settle()
        assert jobs(world) == []
        assert world.status["ingest"]["state"] == "Refused"
        (entry,) = entries(world, "IngestRefused")
        assert entry["reason"].startswith("spec.dataset.version names sha256:")
        assert "are not read as dandelion.dev/ingest asks" in world.message("Accepted")

    played(scene)


def test_new_images_go_on_to_count_for_the_trigger(world: World) -> None:
    """They are new to the model that serves, whoever has read them."""

    async def scene() -> None:
        await a_champion(world, triggers={"newImages": 2, "quietSeconds": 60})
        world.storage.upload("a.jpg")
        ask(world)
        await world.settle()
        assert world.status["triggers"]["newImages"] == 1
        world.storage.upload("b.jpg")
        for _ in range(30):
            await world.reconcile()
            world.tick()
        assert len(world.mlflow.versions) == 2
        assert world.status["training"]["trigger"] == "NewImages"

    played(scene)


def test_a_name_that_is_taken_is_told(world: World) -> None:
    async def scene() -> None:
        await a_champion(world)
        uid = world.cluster.one("modeldeployments", KEY.name)["metadata"]["uid"]
        name = f"lawn-ingest-{digests.ingest(uid, 'now')}"
        world.cluster.put("jobs", {"metadata": {"name": name}, "spec": {}})
        ask(world)
        for _ in range(3):
            await world.reconcile()
        found = world.status["ingest"]
        assert (found["state"], found["reason"]) == ("Pending", "NameTaken")
        assert f"the Job {name} belongs to somebody else" in world.message("Accepted")

    played(scene)


@pytest.mark.parametrize("killed", range(1, 6))
def test_it_is_done_once_wherever_the_operator_dies(world: World, killed: int) -> None:
    async def scene() -> None:
        await a_champion(world)
        world.again(killed, after_effect=True)
        ask(world)
        await world.settle()
        assert len(jobs(world)) == 1
        assert len(entries(world, "DatasetIngested")) == 1

    played(scene)
