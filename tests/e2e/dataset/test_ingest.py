"""Images are read because a person asks for it: a dataset version, and nothing is trained."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.dataset.test_dataset_versions import stored
from tests.e2e.world import COLOURS, World, colours, picture

NAME = "read"


def ask(world: World, value: str, name: str = NAME) -> dict[str, Any]:
    """Signed by who the API server takes the test for; what status.ingest says once it is over."""
    who = world.cluster.run(
        *("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
    ).strip()
    world.kubectl(
        *("annotate", "mdep", name, "--overwrite", f"dandelion.dev/ingest={value}"),
        f"dandelion.dev/requested-by=ingest={value} by {who}",
    )
    found: dict[str, Any] = world.until(
        "the images are read",
        lambda: (
            (i := world.status(name).get("ingest", {})).get("value") == value
            and i.get("finishedAt")
            and i
        ),
    )
    assert found["requestedBy"] == who
    return found


def entry(world: World, decision: str, name: str = NAME) -> dict[str, Any]:
    history = world.status(name)["history"]
    found: dict[str, Any] = next(item for item in history if item["decision"] == decision)
    return found


@pytest.fixture(scope="module")
def served(world: World) -> World:
    world.train(NAME, world.upload("colours", colours()))
    world.until_served(NAME, "1")
    return world


def test_unchanged_images_make_no_new_version(served: World) -> None:
    before = served.status(NAME)["dataset"]
    found = ask(served, "first")
    assert found["state"] == "Succeeded", found
    assert found["datasetVersion"] == found["since"] == before["version"]
    assert found["message"].startswith("no change since dataset version")
    assert served.status(NAME)["dataset"] == before


def test_new_images_make_a_version_with_its_report_and_train_nothing(served: World) -> None:
    before = served.status(NAME)
    runs = [job["metadata"]["name"] for job in served.owned("jobs", NAME)]
    served.upload(
        "colours", {f"red/new{n}.png": picture(COLOURS["red"], 300 + n) for n in range(4)}
    )
    served.upload("colours", {"red/notes.png": b"not an image"})
    found = ask(served, "second")
    assert found["state"] == "Succeeded", found
    after = served.status(NAME)
    assert found["since"] == before["dataset"]["version"] != found["datasetVersion"]
    assert found["changes"] == {"added": 4}
    assert after["dataset"]["version"] == found["datasetVersion"]
    assert after["dataset"]["images"] == before["dataset"]["images"] + 4
    assert after["dataset"]["rejected"] == {"not a usable image": 1}
    folder = found["datasetVersion"].removeprefix("sha256:")
    assert b"red/notes.png" in stored(served, NAME, f"datasets/{folder}/report.json")
    told = entry(served, "DatasetIngested")
    assert told["requestedBy"] == found["requestedBy"]
    assert "4 added" in told["reason"]
    (job,) = served.get("jobs", selector="dandelion.dev/ingest")
    assert job["metadata"]["name"] == found["jobName"]
    assert "serviceAccountName" not in job["spec"]["template"]["spec"], "nothing of MLflow"
    trained = [
        item["metadata"]["name"]
        for item in served.owned("jobs", NAME)
        if "dandelion.dev/ingest" not in item["metadata"]["labels"]
    ]
    assert trained == [name for name in runs if "-ingest-" not in name]
    assert after["training"]["run"] == before["training"]["run"]
    assert len(served.versions(NAME)) == 1
    assert served.condition(NAME, "Ready")["status"] == "True"


def test_a_run_that_follows_learns_from_that_version(served: World) -> None:
    made = served.status(NAME)["dataset"]["version"]
    served.retrain(NAME, "once more")
    served.until("a second version", lambda: len(served.versions(NAME)) == 2)
    evaluation = served.until(
        "the comparison is told",
        lambda: (e := served.status(NAME).get("evaluation", {})).get("challenger") == "2" and e,
    )
    assert evaluation["datasetVersion"] == made
    assert served.status(NAME)["dataset"]["version"] == made


def test_images_can_be_looked_at_before_the_first_run(world: World) -> None:
    """And what is no dataset is told with its reason, where one looks."""
    few = {f"{label}/0.png": picture(COLOURS[label], 0) for label in ("red", "blue")}
    world.train("looked", world.upload("few", few), suspend=True)
    world.until_condition("looked", "Trained", "Unknown", "Suspended")
    found = ask(world, "now", "looked")
    assert (found["state"], found["reason"]) == ("Failed", "TooFewImages"), found
    assert entry(world, "IngestFailed", "looked")["reason"].startswith("TooFewImages: ")
    assert "TooFewImages" in world.condition("looked", "Accepted")["message"]
    more = {f"{c}/{n}.png": picture(COLOURS[c], n) for c in ("red", "blue") for n in range(1, 9)}
    world.upload("few", more)
    assert ask(world, "again", "looked")["state"] == "Succeeded"
    assert world.status("looked")["dataset"]["images"] == 18
    assert world.versions("looked") == []
