"""The alias `champion` is what is served: moved by the gate, or by a person, forwards and back."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.load import SteadyLoad
from tests.e2e.world import COLOURS, World, colours, picture

NAME = "alias"
IMAGE = picture(COLOURS["green"], 88)


@pytest.fixture(scope="module")
def two_versions(world: World) -> World:
    """Two replicas serving, two versions registered, the second one the champion."""
    uri = world.upload("colours", colours())
    world.train(NAME, uri, serving={"replicas": 2})
    world.until_served(NAME, "1")
    world.retrain(NAME, "again")
    world.until_served(NAME, "2")
    return world


def test_a_retrain_annotation_makes_one_more_version_and_serves_it(two_versions: World) -> None:
    assert [version["version"] for version in two_versions.versions(NAME)] == ["1", "2"]
    assert two_versions.aliases(NAME)["champion"] == "2"
    assert len(two_versions.owned("jobs", NAME)) == 2


@pytest.mark.parametrize("to", ["1", "2"], ids=["back to version 1", "forwards to version 2"])
def test_a_moved_alias_reaches_every_replica_and_loses_no_request(
    two_versions: World, to: str
) -> None:
    world = two_versions
    world.until_served(NAME, "2" if to == "1" else "1")
    with SteadyLoad(world.url(NAME), IMAGE) as load:
        time.sleep(2)
        world.move_alias(NAME, to)
        world.until_served(NAME, to)
        reached = time.monotonic()
        time.sleep(5)
    assert load.failures == []
    assert len(load.answers) > 100
    assert load.versions_since(reached) == {to}
    receipt = world.status(NAME)["history"][0]
    assert receipt["version"] == to
    assert receipt["decision"] == "FollowedAlias"


def test_a_version_that_is_asked_for_by_annotation_serves_and_the_receipt_says_who_asked(
    two_versions: World,
) -> None:
    world = two_versions
    for to in ("1", "2"):
        asked = f"promote={to}/e2e"
        signed = (f"dandelion.dev/{asked}", f"dandelion.dev/requested-by={asked} by ada")
        world.kubectl("annotate", "mdep", NAME, "--overwrite", *signed)
        world.until_served(NAME, to)
        assert world.aliases(NAME)["champion"] == to
        receipt = world.status(NAME)["history"][0]
        assert (receipt["version"], receipt["requestedBy"]) == (to, "ada")


def test_the_listing_that_the_operator_watches_shows_what_mlflow_shows(
    two_versions: World,
) -> None:
    mlflow, path = two_versions.mlflow, "/api/2.0/dandelion/registered-models"
    model = two_versions.model(NAME)

    def listed() -> httpx.Response:
        return mlflow.get(path).raise_for_status()

    def one(response: httpx.Response) -> dict[str, Any]:
        models = response.json()["registered_models"]
        return next(found for found in models if found["name"] == model)

    query = {"name": model}
    found = mlflow.get("/api/2.0/mlflow/registered-models/get", params=query).raise_for_status()
    shown, before = found.json()["registered_model"], listed()
    ours = one(before)
    assert {key: ours[key] for key in ("creation_timestamp", "last_updated_timestamp")} == {
        key: shown[key] for key in ("creation_timestamp", "last_updated_timestamp")
    }
    assert {a["alias"]: str(a["version"]) for a in ours["aliases"]} == two_versions.aliases(NAME)
    two_versions.move_alias(NAME, "1", alias="looked-at")
    known = {"If-None-Match": before.headers["ETag"]}
    moved = mlflow.get(path, headers=known).raise_for_status()
    assert {"alias": "looked-at", "version": 1} in one(moved)["aliases"]
    known = {"If-None-Match": moved.headers["ETag"]}
    assert mlflow.get(path, headers=known).status_code == httpx.codes.NOT_MODIFIED


def test_a_version_whose_artifact_is_gone_is_rejected_and_the_old_one_serves_on(
    two_versions: World,
) -> None:
    world = two_versions
    world.until_served(NAME, "2")
    source = urlsplit(world.versions(NAME)[0]["source"])
    prefix = source.path.strip("/")
    kept = world.s3.get_object(source.netloc, f"{prefix}/contract.json").read()
    world.s3.remove_object(source.netloc, f"{prefix}/contract.json")
    with SteadyLoad(world.url(NAME), IMAGE) as load:
        world.move_alias(NAME, "1")
        rejected = world.until_condition(NAME, "RolledOut", "False", "ArtifactRejected")
        time.sleep(3)
    assert "contract.json" in rejected["message"]
    assert load.failures == []
    assert load.versions_since(0) == {"2"}
    assert world.condition(NAME, "Ready")["status"] == "True"
    # With the artifact back, nothing else has to be done.
    world.upload_object(source.netloc, f"{prefix}/contract.json", kept)
    world.until_served(NAME, "1")


def test_a_changed_file_is_rejected_by_its_digest(two_versions: World) -> None:
    world = two_versions
    world.move_alias(NAME, "1")
    world.until_served(NAME, "1")
    source = urlsplit(world.versions(NAME)[1]["source"])
    prefix = source.path.strip("/")
    contract = json.loads(world.s3.get_object(source.netloc, f"{prefix}/contract.json").read())
    # Only what is served is fetched, and so can be found to have changed.
    file = "model.int8.bin" if contract["precision"]["choice"] == "int8" else "model.onnx"
    kept = world.s3.get_object(source.netloc, f"{prefix}/{file}").read()
    world.upload_object(source.netloc, f"{prefix}/{file}", kept[:-1] + bytes([kept[-1] ^ 1]))
    world.move_alias(NAME, "2")
    rejected = world.until_condition(NAME, "RolledOut", "False", "ArtifactRejected")
    assert file in rejected["message"]
    assert world.predict(NAME, IMAGE).json()["model"]["version"] == "1"
    world.upload_object(source.netloc, f"{prefix}/{file}", kept)
    world.until_served(NAME, "2")


def test_a_removed_alias_leaves_what_serves(two_versions: World) -> None:
    world = two_versions
    world.until_served(NAME, "2")
    world.mlflow.request(
        "DELETE",
        "/api/2.0/mlflow/registered-models/alias",
        json={"name": world.model(NAME), "alias": "champion"},
    ).raise_for_status()
    world.until_condition(NAME, "Promoted", "False", "AliasMissing")
    assert world.predict(NAME, IMAGE).json()["model"]["version"] == "2"
    world.move_alias(NAME, "2")
    world.until_condition(NAME, "Promoted", "True", "VersionPromoted")


def test_a_deleted_version_behind_the_alias_leaves_what_serves(two_versions: World) -> None:
    world = two_versions
    world.until_served(NAME, "2")
    world.mlflow.request(
        "DELETE",
        "/api/2.0/mlflow/model-versions/delete",
        json={"name": world.model(NAME), "version": "2"},
    ).raise_for_status()
    condition = world.until_condition(NAME, "Promoted", "False")
    assert condition["reason"] in {"AliasMissing", "NoVersion"}
    assert world.predict(NAME, IMAGE).json()["model"]["version"] == "2"
    world.move_alias(NAME, "1")
    world.until_served(NAME, "1")
