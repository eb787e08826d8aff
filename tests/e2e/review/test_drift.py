"""Images that are not what they were: drift is told, sampled for review, and has a run started."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from typing import Any

import pytest
from dandelion_demo.data import LabelledImage, digits
from PIL import Image, ImageEnhance, ImageFilter

from tests.e2e.world import World

NAME, LOG = "drifting", "predictions"
LEARNT, CALM, AFAR = 300, 60, 120


@pytest.fixture(scope="module")
def later(world: World) -> list[LabelledImage]:
    """Digits that a model has not seen, which is served and answers them."""
    # As they come they are of one writer after the other, which is drift of its own.
    coming = sorted(digits().seen, key=lambda image: hashlib.sha256(image.content).digest())
    world.train(
        NAME,
        world.upload("digits", {image.key: image.content for image in coming[:LEARNT]}),
        training={"epochs": 6},
        triggers={"driftAbove": 1, "maxRunsPerWeek": 1},
        serving={"logging": {"images": True}},
        feedback={"mode": "Review", "reviewShare": 0},
    )
    world.until_served(NAME, "1")
    return list(coming[LEARNT:])


def harmed(content: bytes) -> bytes:
    """Blurred and darkened."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    dark = ImageEnhance.Brightness(image.filter(ImageFilter.GaussianBlur(3))).enhance(0.5)
    buffer = io.BytesIO()
    dark.save(buffer, "PNG")
    return buffer.getvalue()


def ask(world: World, images: list[bytes]) -> None:
    for image in images:
        assert world.predict(NAME, image).status_code == 200


def told(world: World, status: str) -> dict[str, Any]:
    """The condition of drift, once it has that status."""

    def seen() -> dict[str, Any] | None:
        # It tells what was answered when it asked last, and asks again.
        world.look(NAME)
        found = world.condition(NAME, "DriftDetected")
        return found if found.get("status") == status else None

    found: dict[str, Any] = world.until(f"drift is {status}", seen, every=2)
    return found


def rows(world: World) -> list[dict[str, Any]]:
    """Of the prediction log."""
    place = f"{world.namespace}/{NAME}/predictions/"
    found = []
    for item in world.s3.list_objects(LOG, place, recursive=True):
        with world.s3.get_object(LOG, str(item.object_name)) as answer:
            found += [json.loads(line) for line in gzip.decompress(answer.read()).splitlines()]
    return found


def test_images_like_those_of_the_holdout_are_no_drift(
    world: World, later: list[LabelledImage]
) -> None:
    assert world.condition(NAME, "DriftDetected")["status"] == "Unknown"
    ask(world, [image.content for image in later[:CALM]])
    assert told(world, "False")["reason"] == "NoDrift"
    assert world.status(NAME)["drift"]["score"] <= 1


def test_blurred_and_dark_images_are_told_sampled_and_learnt_from(
    world: World, later: list[LabelledImage]
) -> None:
    ask(world, [harmed(image.content) for image in later[CALM : CALM + AFAR]])
    found = told(world, "True")
    assert found["reason"] == "ImagesDrifted"
    assert "images are unlike those of the holdout: 3 windows of" in found["message"]
    assert world.condition(NAME, "Ready")["status"] == "True"

    def started() -> bool:
        return bool(world.status(NAME)["training"].get("trigger") == "Drift")

    world.until("a run for drift", started)
    status = world.status(NAME)
    assert "driftAbove is 1" in status["training"]["triggerMessage"]
    entry = next(item for item in status["history"] if item["decision"] == "ImagesDrifted")
    assert (entry["version"], entry["by"]) == ("1", "Operator")
    assert "ImagesDrifted" in world.kubectl("describe", "mdep", NAME)

    def sampled() -> list[dict[str, Any]]:
        """Once the pod has written what it holds, which takes half a minute."""
        return [row for row in rows(world) if row.get("driftSample")]

    drawn = world.until("answers in the review queue", sampled, every=5)
    assert not any(row["reviewSample"] for row in drawn)
    (job, *_) = [
        item
        for item in world.owned("jobs", NAME)
        if item["metadata"]["annotations"].get("dandelion.dev/trigger") == "Drift"
    ]
    said = job["metadata"]["annotations"]["dandelion.dev/trigger-message"]
    assert said == status["training"]["triggerMessage"]
