"""The prediction log of a served model: in the chart's own bucket, with the chart's own key."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import httpx
import pytest
from dandelion_demo.install import NAMESPACE, RELEASE
from minio import Minio
from minio.error import S3Error

from tests.e2e.world import COLOURS, World, colours, picture

NAME = "logged"
BUCKET = "predictions"


@pytest.fixture(scope="module")
def logged(world: World) -> World:
    """A served model whose predictions are logged, images and all."""
    serving = {"logging": {"predictions": True, "images": True}}
    world.train(NAME, world.upload("colours", colours()), serving=serving)
    world.until_served(NAME, "1")
    return world


def _objects(world: World, kind: str) -> dict[str, bytes]:
    found = world.s3.list_objects(BUCKET, f"{world.namespace}/{NAME}/{kind}/", recursive=True)
    contents = {}
    for item in found:
        name = str(item.object_name)
        with world.s3.get_object(BUCKET, name) as answer:
            contents[name] = answer.read()
    return contents


def _rows(world: World, kind: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for content in _objects(world, kind).values()
        for line in gzip.decompress(content).splitlines()
    ]


def test_answers_labels_and_images_outlive_the_pod_that_gave_them(logged: World) -> None:
    images = [picture(COLOURS["red"], 1), picture(COLOURS["blue"], 2)]
    answers = []
    for image in images:
        answer = logged.predict(NAME, image)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    label = {"id": answers[0]["id"], "index": 0, "label": "green"}
    told = httpx.post(f"{logged.url(NAME)}/feedback", json=label, timeout=30)
    assert told.status_code == 202, told.text
    logged.restart(NAME)

    ids = {answer["id"] for answer in answers}

    def seen() -> dict[str, Any] | None:
        found = {row["id"]: row for row in _rows(logged, "predictions")}
        labelled = any(row["id"] == label["id"] for row in _rows(logged, "feedback"))
        return found if labelled and ids <= set(found) else None

    uid = logged.get("mdep", NAME)["metadata"]["uid"]
    rows = logged.until("both predictions and the label are in the log", seen)
    for image, answer in zip(images, answers, strict=True):
        row = rows[answer["id"]]
        digest = hashlib.sha256(image).hexdigest()
        assert row["imageSha256"] == digest
        assert (row["namespace"], row["name"], row["version"]) == (logged.namespace, NAME, "1")
        assert row["uid"] == uid
        assert row["scores"] == answer["predictions"][0]["scores"]
        stored = _objects(logged, "images")
        assert stored[f"{logged.namespace}/{NAME}/images/{digest}"] == image
    feedback = {row["id"]: row for row in _rows(logged, "feedback")}
    labelled = feedback[answers[0]["id"]]
    assert labelled["label"] == "green"
    assert (labelled["namespace"], labelled["name"], labelled["uid"]) == (
        *(logged.namespace, NAME),
        uid,
    )


def test_nothing_is_dropped_in_ordinary_times(logged: World) -> None:
    metrics = logged.metrics(NAME)
    dropped = [line for line in metrics.splitlines() if line.startswith("dandelion_log_dropped")]
    assert dropped
    assert all(line.endswith(" 0.0") for line in dropped)


def test_the_key_of_the_log_can_only_write(logged: World) -> None:
    key = logged.cluster.secret(NAMESPACE, f"{RELEASE}-s3-logs")
    with logged.cluster.reach(NAMESPACE, f"{RELEASE}-minio", 9000) as url:
        client = Minio(
            url.removeprefix("http://"),
            access_key=key["AWS_ACCESS_KEY_ID"],
            secret_key=key["AWS_SECRET_ACCESS_KEY"],
            secure=False,
            region="us-east-1",
        )
        known = next(iter(_objects(logged, "images")))
        with pytest.raises(S3Error) as refused:
            client.get_object(BUCKET, known)
        assert refused.value.code == "AccessDenied"
        with pytest.raises(S3Error) as refused:
            list(client.list_objects(BUCKET, recursive=True))
        assert refused.value.code == "AccessDenied"
