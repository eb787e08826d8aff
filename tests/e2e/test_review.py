"""Answers of a served model are reviewed in the sample's Job, and the next run learns from it."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import pytest
import yaml
from dandelion_local import places

from tests.e2e.world import COLOURS, World, colours, picture

NAME = "reviewed"
SAMPLE = places.REPOSITORY / "k8s" / "samples" / "review.yaml"
JOB = f"job/{NAME}-review"
COMMAND = ("exec", JOB, "--", "python", "-m", "dandelion_training", "review")


@pytest.fixture(scope="module")
def served(world: World) -> World:
    """A model whose every answer is of the sample."""
    world.train(
        NAME,
        world.upload("colours", colours()),
        serving={"logging": {"images": True}},
        feedback={"mode": "Review", "reviewShare": 1},
    )
    world.until_served(NAME, "1")
    return world


def desk(world: World) -> None:
    """The sample's Job, for this model, with the image and the endpoint of its training."""
    (job, *_) = world.owned("jobs", NAME)
    training = job["spec"]["template"]["spec"]["containers"][0]
    told = {item["name"]: item.get("value") for item in training["env"]}
    sample = yaml.safe_load(SAMPLE.read_text().replace("lawn", NAME))
    (container,) = sample["spec"]["template"]["spec"]["containers"]
    container["image"] = training["image"]
    container["imagePullPolicy"] = training["imagePullPolicy"]
    for item in container["env"]:
        if item["name"] == "DANDELION_S3_ENDPOINT":
            item["value"] = told["DANDELION_S3_ENDPOINT"]
    world.kubectl("apply", "-f", "-", stdin=json.dumps(sample))
    ready = "--for=jsonpath={.status.ready}=1"
    world.kubectl("wait", ready, JOB, "--timeout=120s", timeout=140)


def decisions(world: World) -> list[dict[str, Any]]:
    place = f"{world.namespace}/{NAME}/decisions/"
    rows = []
    for item in world.s3.list_objects("models", place, recursive=True):
        with world.s3.get_object("models", str(item.object_name)) as answer:
            rows += [json.loads(line) for line in gzip.decompress(answer.read()).splitlines()]
    return rows


RED, BLUE = (picture(COLOURS[colour], 31) for colour in ("red", "blue"))
RED_DIGEST, BLUE_DIGEST = (hashlib.sha256(image).hexdigest() for image in (RED, BLUE))


@pytest.fixture(scope="module")
def reviewed(served: World) -> World:
    """The red image is said to be green, and the blue one is rejected."""
    for image in (RED, BLUE):
        assert served.predict(NAME, image).status_code == 200
    desk(served)

    def handed_out() -> bool:
        """Once the pods have written what they hold, which takes half a minute."""
        shown = "rm -rf /work/queue; python -m dandelion_training review export /work/queue"
        served.kubectl("exec", JOB, "--", "sh", "-c", shown)
        listed = served.kubectl("exec", JOB, "--", "find", "/work", "-name", "*.png")
        return RED_DIGEST in listed and BLUE_DIGEST in listed

    served.until("both images are handed out", handed_out, every=5)
    moved = f"cd /work/queue && mv */{RED_DIGEST}.png green/ && mv */{BLUE_DIGEST}.png _reject/"
    served.kubectl("exec", JOB, "--", "sh", "-c", moved)
    said = served.kubectl(*COMMAND, "import", "/work/queue", "--by", "ada")
    assert "0 as answered, 1 with another label, 1 rejected" in said
    return served


def test_what_was_decided_is_kept_once(reviewed: World) -> None:
    again = reviewed.kubectl(*COMMAND, "import", "/work/queue", "--by", "eve")
    assert "Decided so before: 2." in again
    found = {row["imageSha256"]: row for row in decisions(reviewed)}
    assert len(found) == len(decisions(reviewed)) == 2
    assert found[RED_DIGEST]["label"] == "green"
    assert found[BLUE_DIGEST]["reject"] is True
    assert {row["by"] for row in found.values()} == {"ada"}
    assert all(row["signature"] and row["source"] == "sample" for row in found.values())
    assert "There is nothing to review." in reviewed.kubectl(*COMMAND, "export", "/work/next")


def test_the_next_run_learns_from_what_was_accepted(reviewed: World) -> None:
    before = reviewed.status(NAME)["dataset"]["version"]
    reviewed.retrain(NAME, "reviewed")
    reviewed.until("a second version", lambda: len(reviewed.versions(NAME)) == 2, 240)
    reviewed.until("its images", lambda: reviewed.status(NAME)["dataset"]["version"] != before)
    digest = reviewed.status(NAME)["dataset"]["version"].removeprefix("sha256:")
    place = f"{reviewed.namespace}/{NAME}/datasets"
    with reviewed.s3.get_object("models", f"{place}/{digest}/manifest.jsonl.gz") as answer:
        lines = [json.loads(line) for line in gzip.decompress(answer.read()).splitlines()[1:]]
    learnt = {line["key"]: line for line in lines if line["key"].startswith("answer://")}
    assert [line["label"] for line in learnt.values()] == ["green"]
    with reviewed.s3.get_object("models", f"{place}/images/{RED_DIGEST}") as answer:
        assert answer.read() == RED
