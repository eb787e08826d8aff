"""Common real folders, versions of a dataset, and two models on one evaluation."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.e2e.world import COLOURS, World, colours, picture

NAME, MANUAL = "split", "manual"


def image_folders() -> dict[str, bytes]:
    """torchvision's ImageFolder layout, with what a notebook and a Mac leave beside it."""
    files = {
        f"{split}/{label}/{variant:03}.png": picture(COLOURS[colour], variant + start)
        for split, start, count in (("train", 0, 16), ("val", 40, 6))
        for label, colour in (("ants", "red"), ("bees", "blue"))
        for variant in range(count)
    }
    files |= {
        f"train/ants/.ipynb_checkpoints/{variant:03}-checkpoint.png": picture(
            COLOURS["red"], variant
        )
        for variant in range(8)
    }
    return files | {"train/bees/._000.png": b"Mac OS X", "Thumbs.db": b"Windows"}


def stored(world: World, name: str, path: str) -> bytes:
    response = world.s3.get_object("models", f"{world.namespace}/{name}/{path}")
    try:
        return bytes(response.read())
    finally:
        response.close()
        response.release_conn()


def manifest(world: World, name: str, digest: str) -> list[dict[str, Any]]:
    """The lines of a dataset version, without its header."""
    content = stored(world, name, f"datasets/{digest.removeprefix('sha256:')}/manifest.jsonl.gz")
    return [json.loads(line) for line in gzip.decompress(content).splitlines()[1:]]


@pytest.fixture(scope="module")
def applied(world: World) -> World:
    """Two that train side by side."""
    world.train(NAME, world.upload("insects", image_folders()))
    world.train(MANUAL, world.upload("colours", colours()), promotion={"mode": "Manual"})
    return world


@pytest.fixture(scope="module")
def served(applied: World) -> World:
    applied.until_served(NAME, "1")
    return applied


def test_folders_of_a_split_are_the_split_and_never_classes(served: World) -> None:
    dataset = served.status(NAME)["dataset"]
    assert dataset["classes"] == ["ants", "bees"]
    assert dataset["images"] == 44
    lines = manifest(served, NAME, dataset["version"])
    assert {line["key"].split("/")[0]: line["split"] for line in lines} == {
        "train": "train",
        "val": "holdout",
    }


@pytest.mark.parametrize(("label", "colour"), [("ants", "red"), ("bees", "blue")])
def test_the_right_classes_are_answered(served: World, label: str, colour: str) -> None:
    answer = served.predict(NAME, picture(COLOURS[colour], 77)).json()
    assert answer["predictions"][0]["label"] == label


def test_champion_and_challenger_sit_the_newest_evaluation(served: World) -> None:
    before = served.status(NAME)["dataset"]["version"]
    served.upload(
        "insects",
        {f"val/bees/new{n}.png": picture(COLOURS["blue"], 200 + n) for n in range(4)},
    )
    served.retrain(NAME, "more images")
    served.until("a second version", lambda: len(served.versions(NAME)) == 2)
    evaluation = served.until(
        "the comparison is told",
        lambda: (e := served.status(NAME).get("evaluation", {})).get("challenger") == "2" and e,
    )
    after = served.status(NAME)["dataset"]["version"]
    assert after != before
    assert evaluation["datasetVersion"] == after
    assert evaluation["champion"] == "1"
    assert evaluation["images"] == 16
    known = {line["sha256"]: line["split"] for line in manifest(served, NAME, before)}
    for line in manifest(served, NAME, after):
        assert line["split"] == known.get(line["sha256"], line["split"])


def test_a_changed_champion_is_compared_by_a_job_of_its_own(applied: World) -> None:
    world, name = applied, MANUAL
    world.until_condition(name, "Promoted", "Unknown", "AwaitingApproval")
    world.move_alias(name, "1")
    world.until_served(name, "1")
    world.retrain(name, "2")
    world.until("a second version", lambda: len(world.versions(name)) == 2)
    world.until(
        "the second waits for a person", lambda: world.aliases(name).get("challenger") == "2"
    )
    world.move_alias(name, "2")
    world.until_served(name, "2")
    world.retrain(name, "3")
    world.until("a third version", lambda: len(world.versions(name)) == 3)
    world.until("the third is judged", lambda: world.aliases(name).get("challenger") == "3")
    # A person goes back to the first: the third has never been compared with that one.
    world.move_alias(name, "1")
    world.until_served(name, "1")
    world.kubectl(
        *("patch", f"mdep/{name}", "--type=merge", "-p", '{"spec":{"promotion":{"minimum":0.01}}}')
    )
    job = world.until(
        "a Job that only evaluates",
        lambda: [
            job
            for job in world.owned("jobs", name)
            if "-evaluate-" in job["metadata"]["name"] and job["status"].get("succeeded")
        ],
    )
    assert len(job) == 1
    assert len(world.versions(name)) == 3, "nothing was trained for it"
    evaluation = world.until(
        "the verdict rests on it",
        lambda: (e := world.status(name).get("evaluation", {})).get("champion") == "1" and e,
    )
    assert evaluation["challenger"] == "3"


def test_a_pinned_version_is_trained_on_again(served: World) -> None:
    first = manifest(served, NAME, served.status(NAME)["dataset"]["version"])
    digest = served.status(NAME)["dataset"]["version"]
    served.upload("insects", {"train/ants/late.png": picture(COLOURS["red"], 300)})
    uri = f"s3://datasets/{served.namespace}/insects"
    served.train(NAME, uri, dataset={"version": digest}, training={"seed": 7})
    served.until("a third version", lambda: len(served.versions(NAME)) == 3)
    tags = {tag["key"]: tag["value"] for tag in served.versions(NAME)[-1]["tags"]}
    assert tags["dandelion.dev/dataset-digest"] == digest
    assert manifest(served, NAME, digest) == first
