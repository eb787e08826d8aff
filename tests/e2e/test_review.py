"""Answers of a served model are reviewed in the sample's pod, and decisions are kept for good."""

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
POD = f"{NAME}-review"
COMMAND = ("exec", POD, "--", "python", "-m", "dandelion_training", "review")


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
    """The sample's pod, for this model, with the image and the endpoint of its training."""
    (job, *_) = world.owned("jobs", NAME)
    training = job["spec"]["template"]["spec"]["containers"][0]
    told = {item["name"]: item.get("value") for item in training["env"]}
    pod = yaml.safe_load(SAMPLE.read_text().replace("lawn", NAME))
    (container,) = pod["spec"]["containers"]
    container["image"] = training["image"]
    container["imagePullPolicy"] = training["imagePullPolicy"]
    for item in container["env"]:
        if item["name"] == "DANDELION_S3_ENDPOINT":
            item["value"] = told["DANDELION_S3_ENDPOINT"]
    world.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    world.kubectl("wait", "--for=condition=Ready", f"pod/{POD}", "--timeout=120s", timeout=140)


def decisions(world: World) -> list[dict[str, Any]]:
    place = f"{world.namespace}/{NAME}/decisions/"
    rows = []
    for item in world.s3.list_objects("models", place, recursive=True):
        with world.s3.get_object("models", str(item.object_name)) as answer:
            rows += [json.loads(line) for line in gzip.decompress(answer.read()).splitlines()]
    return rows


def test_images_are_handed_out_and_what_is_decided_is_kept(served: World) -> None:
    images = {
        hashlib.sha256(image).hexdigest(): image
        for image in (picture(COLOURS["red"], 31), picture(COLOURS["blue"], 32))
    }
    for image in images.values():
        assert served.predict(NAME, image).status_code == 200
    desk(served)

    def handed_out() -> bool:
        """Once the pods have written what they hold, which takes half a minute."""
        shown = "rm -rf /work/queue; python -m dandelion_training review export /work/queue"
        served.kubectl("exec", POD, "--", "sh", "-c", shown)
        listed = served.kubectl("exec", POD, "--", "find", "/work", "-name", "*.png")
        return all(digest in listed for digest in images)

    served.until("both images are handed out", handed_out, every=5)
    red, blue = images
    moved = f"cd /work/queue && mv */{red}.png green/ && mv */{blue}.png _reject/"
    served.kubectl("exec", POD, "--", "sh", "-c", moved)
    said = served.kubectl(*COMMAND, "import", "/work/queue", "--by", "ada")
    assert "0 as answered, 1 with another label, 1 rejected" in said
    found = {row["imageSha256"]: row for row in decisions(served)}
    assert found[red]["label"] == "green"
    assert found[blue]["reject"] is True
    assert {row["by"] for row in found.values()} == {"ada"}
    assert all(row["signature"] and row["source"] == "sample" for row in found.values())

    again = served.kubectl(*COMMAND, "import", "/work/queue", "--by", "eve")
    assert "Decided so before: 2." in again
    assert len(decisions(served)) == 2
    assert "There is nothing to review." in served.kubectl(*COMMAND, "export", "/work/next")
