"""What a key for one purpose of one ModelDeployment is asked to be allowed, as tables.

What a real endpoint makes of it is tried in `tests/keys` of the repository.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.location import Location, Log
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.api.session_policy import session_policy

PLACE = Location(
    endpoint="http://s3",
    region="us-east-1",
    bucket="models",
    ca_bundle="",
    training_secret="",
    inference_secret="",
    brings_own_keys=False,
    log=Log("s3://predictions/logs", "", brings_own_key=False),
)


def lawn(uri: str = "s3://datasets/lawn", **spec: Any) -> Resource:
    metadata = {"namespace": "garden", "name": "lawn", "uid": "u", "generation": 1}
    told = {"dataset": {"storageUri": uri, **spec.pop("dataset", {})}, **spec}
    found = parse({"metadata": metadata, "spec": told})
    assert isinstance(found, Resource), found
    return found


def granted(policy: str) -> dict[str, set[str]]:
    """By action what may be done it to, and `list` by bucket and prefix."""
    found: dict[str, set[str]] = {}
    for statement in json.loads(policy)["Statement"]:
        assert statement["Effect"] == "Allow"
        if statement["Action"] == "s3:ListBucket":
            bucket = statement["Resource"].removeprefix("arn:aws:s3:::")
            prefixes = statement["Condition"]["StringLike"]["s3:prefix"]
            found.setdefault("list", set()).update(f"{bucket}/{name}" for name in prefixes)
            continue
        for action in statement["Action"]:
            names = {name.removeprefix("arn:aws:s3:::") for name in statement["Resource"]}
            found.setdefault(action.removeprefix("s3:"), set()).update(names)
    return found


READABLE = [
    pytest.param(lawn(), "datasets/lawn/*", id="the folder of the dataset"),
    pytest.param(lawn("s3://datasets/lawn/"), "datasets/lawn/*", id="with a slash at its end"),
    pytest.param(
        lawn("s3://datasets/a/b/labels.csv"), "datasets/a/b/*", id="the folder of a table of labels"
    ),
    pytest.param(lawn("s3://datasets/labels.csv"), "datasets/*", id="a table in no folder"),
    pytest.param(lawn("s3://datasets/a*b?c$d"), "datasets/a?b?c?d/*", id="what means more"),
    pytest.param(
        lawn(dataset={"urls": {"storageUri": "s3://tables/urls.csv"}}),
        "tables/urls.csv",
        id="a table of addresses",
    ),
    pytest.param(
        lawn(training={"initialWeights": "s3://weights/a/b.safetensors"}),
        "weights/a/b.safetensors",
        id="weights that it starts from",
    ),
    pytest.param(
        lawn(training={"initialWeights": "s3://weights/a/b.safetensors"}),
        "weights/a/contract.json",
        id="what these weights learnt from",
    ),
    pytest.param(lawn(), "models/pretrained/*", id="published weights"),
    pytest.param(lawn(), "models/garden/lawn/*", id="its own models"),
    pytest.param(lawn(), "predictions/logs/garden/lawn/*", id="its own log"),
]


@pytest.mark.parametrize(("resource", "place"), READABLE)
def test_training_may_read_and_list(resource: Resource, place: str) -> None:
    found = granted(session_policy(resource, PLACE, naming.TRAINING))
    for action in ("GetObject", "GetObjectVersion", "list"):
        assert place in found[action]


def test_training_writes_its_own_models_alone() -> None:
    found = granted(session_policy(lawn(), PLACE, naming.TRAINING))
    for action in ("PutObject", "DeleteObject", "AbortMultipartUpload"):
        assert found[action] == {"models/garden/lawn/*"}


def test_training_reads_nothing_else() -> None:
    found = granted(session_policy(lawn(), PLACE, naming.TRAINING))
    assert found["GetObject"] == found["list"]
    assert found["GetObject"] == {
        "datasets/lawn/*",
        "models/pretrained/*",
        "models/garden/lawn/*",
        "predictions/logs/garden/lawn/*",
    }


def test_without_a_log_of_the_installation_none_is_read() -> None:
    found = granted(session_policy(lawn(), replace(PLACE, log=None), naming.TRAINING))
    assert not any(place.startswith("predictions") for place in found["GetObject"])


def test_what_the_resource_is_denied_is_not_in_it() -> None:
    """The key lies where its owner can read it, whatever comes of the run."""
    denied = replace(PLACE, denied=Failure(Reason.DATASET_NOT_ALLOWED, "no"))
    theirs = lawn(
        "s3://datasets/park",
        dataset={"urls": {"storageUri": "s3://datasets/park.csv"}},
        training={"initialWeights": "s3://models/other/park/a.safetensors"},
    )
    found = granted(session_policy(theirs, denied, naming.TRAINING))
    assert not any("park" in place for places in found.values() for place in places)
    assert "models/garden/lawn/*" in found["PutObject"]


def test_for_a_pinned_version_all_that_the_namespace_may_read_is_in_it() -> None:
    place = replace(PLACE, readable=("s3://datasets/garden", "s3://shared"))
    pinned = lawn(dataset={"version": f"sha256:{'a' * 64}"})
    found = granted(session_policy(pinned, place, naming.TRAINING))
    assert {"datasets/garden/*", "shared/*"} <= found["GetObject"]
    assert "shared/*" not in granted(session_policy(lawn(), place, naming.TRAINING))["GetObject"]


def test_inference_only_reads_its_own_models() -> None:
    own = {"models/garden/lawn/*"}
    found = granted(session_policy(lawn(), PLACE, naming.INFERENCE))
    assert found == {"GetObject": own, "GetObjectVersion": own, "list": own}


def test_the_log_only_writes_its_own_place() -> None:
    found = granted(session_policy(lawn(), PLACE, naming.LOG))
    assert found == {"PutObject": {"predictions/logs/garden/lawn/*"}}


def test_a_usual_policy_is_well_below_what_aws_takes() -> None:
    policy = session_policy(lawn(), PLACE, naming.TRAINING)
    assert policy.isascii()
    assert len(policy) < 1024


def test_a_name_in_other_letters_is_written_in_ascii() -> None:
    policy = session_policy(lawn("s3://datasets/löwenzahn"), PLACE, naming.TRAINING)
    assert policy.isascii()
    assert "datasets/löwenzahn/*" in granted(policy)["GetObject"]
