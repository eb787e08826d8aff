"""Answers of a served model are reviewed in the sample's Job, and the next run learns from it, and
from what callers agree on without a review.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import httpx
import pytest
from dandelion_demo.desk import Desk
from dandelion_demo.install import RELEASE

from tests.e2e.world import COLOURS, World, colours, heard, picture

NAME = "reviewed"
CALLERS = ("camera", "desk")


@pytest.fixture(scope="module")
def served(world: World) -> World:
    """A model whose every answer is of the sample, and two who may call it."""
    world.train(
        NAME,
        world.upload("colours", colours()),
        serving={"logging": {"images": True}, "auth": "ClusterTokens"},
        feedback={"mode": "Auto", "reviewShare": 1, "minAgreement": 2},
    )
    for caller in CALLERS:
        world.kubectl("create", "serviceaccount", caller)
        for action in ("predict", "feedback"):
            world.kubectl(
                *("create", "rolebinding", f"{caller}-{action}"),
                f"--clusterrole={RELEASE}-{action}",
                f"--serviceaccount={world.namespace}:{caller}",
            )
    world.until_served(NAME, "1")
    return world


def sent(world: World, route: str, caller: str, **body: Any) -> dict[str, Any]:
    token = world.kubectl("create", "token", caller, "--audience=dandelion.dev").strip()
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{world.url(NAME)}/{route}"
    answer = heard(lambda: httpx.post(url, headers=headers, timeout=30, **body))
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rows(world: World, bucket: str, kind: str) -> list[dict[str, Any]]:
    place = f"{world.namespace}/{NAME}/{kind}/"
    found = []
    for item in world.s3.list_objects(bucket, place, recursive=True):
        with world.s3.get_object(bucket, str(item.object_name)) as answer:
            found += [json.loads(line) for line in gzip.decompress(answer.read()).splitlines()]
    return found


def decisions(world: World) -> list[dict[str, Any]]:
    return rows(world, "models", "decisions")


IMAGES = [picture(COLOURS[colour], 31) for colour in ("red", "blue", "green")]
DIGESTS = [hashlib.sha256(image).hexdigest() for image in IMAGES]
RED, BLUE, GREEN = DIGESTS


@pytest.fixture(scope="module")
def desk(served: World) -> Desk:
    """Of three images, a reviewer says that the red one is green and rejects the blue one; both
    callers say that the green one is blue.
    """
    answers = [sent(served, "predict", CALLERS[0], content=image) for image in IMAGES]
    for caller in CALLERS:
        sent(served, "feedback", caller, json={"id": answers[2]["id"], "label": "blue"})
    served.restart(NAME)
    desk = Desk(served.kubectl, NAME)
    desk.open()

    def handed_out() -> bool:
        said = rows(served, "predictions", "feedback")
        return set(DIGESTS) <= set(desk.export()) and len(said) == 2

    served.until("all images are handed out", handed_out, every=2)
    said = desk.decide({RED: "green", BLUE: "_reject"}, "ada")
    assert "0 as answered, 1 with another label, 1 rejected" in said
    return desk


def test_what_was_decided_is_kept_once(served: World, desk: Desk) -> None:
    again = desk.review("import", "/work/queue", "--by", "eve")
    assert "Decided so before: 2." in again
    found = {row["imageSha256"]: row for row in decisions(served)}
    assert len(found) == len(decisions(served)) == 2
    assert found[RED]["label"] == "green"
    assert found[BLUE]["reject"] is True
    assert {row["by"] for row in found.values()} == {"ada"}
    assert all(row["signature"] and row["source"] == "sample" for row in found.values())
    assert "1 image in /work/next" in desk.review("export", "/work/next")


def test_the_next_run_learns_from_what_was_accepted_and_what_callers_agree_on(
    served: World, desk: Desk
) -> None:
    before = served.status(NAME)["dataset"]["version"]
    served.retrain(NAME, "reviewed")
    served.until("a second version", lambda: len(served.versions(NAME)) == 2)
    served.until("its images", lambda: served.status(NAME)["dataset"]["version"] != before)
    digest = served.status(NAME)["dataset"]["version"].removeprefix("sha256:")
    place = f"{served.namespace}/{NAME}/datasets"
    with served.s3.get_object("models", f"{place}/{digest}/manifest.jsonl.gz") as answer:
        lines = [json.loads(line) for line in gzip.decompress(answer.read()).splitlines()[1:]]
    learnt = {line["sha256"]: (line["label"], line["origin"]) for line in lines if "origin" in line}
    assert learnt == {RED: ("green", "review by ada"), GREEN: ("blue", "agreement of 2 callers")}
    with served.s3.get_object("models", f"{place}/images/{RED}") as answer:
        assert answer.read() == IMAGES[0]
