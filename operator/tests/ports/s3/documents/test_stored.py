"""What a lost registry is restored from: the complete artifacts of a resource's own runs in S3."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.documents import stored
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.ports.s3.storage.limits import (
    DEFAULT_LIMITS,
    STORED,
    ReadLimits,
)
from dandelion_operator.seen.versions import StoredArtifact
from fakes.s3 import FakeS3, serving

KEY = NamespacedName("default", "lawn")


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with serving() as found:
        found.buckets["models"] = {}
        yield found


def contract(model: str = "default.lawn") -> bytes:
    return json.dumps(
        {
            "name": model,
            "metrics": {"accuracy": 0.9},
            "files": {},
            "dataset": {"digest": "sha256:images", "storageUri": "s3://datasets/lawn"},
            "training": {"image": "training:1", "gitRevision": "abc"},
            "precision": {"choice": "int8"},
        }
    ).encode()


def put(s3: FakeS3, run: str, content: bytes) -> str:
    s3.put("models", f"default/lawn/{run}/artifact/contract.json", content)
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def found(
    s3: FakeS3, *served: str, limits: ReadLimits = DEFAULT_LIMITS
) -> tuple[StoredArtifact, ...] | Failure:
    place = replace(given.place(), endpoint=s3.endpoint)
    access = Access(place, Credentials("key", "secret"))
    return asyncio.run(Storage(limits=limits).stored(access, KEY, served))


def test_a_complete_artifact_says_all_that_its_version_needs(s3: FakeS3) -> None:
    digest = put(s3, "run1", contract())
    assert found(s3) == (
        StoredArtifact(
            run="run1",
            source="s3://models/default/lawn/run1/artifact",
            contract_digest=digest,
            dataset_digest="sha256:images",
            image="training:1",
            git_revision="abc",
            precision="int8",
        ),
    )


def test_what_is_no_complete_artifact_of_this_resource_is_left_out(s3: FakeS3) -> None:
    put(s3, "another-model", contract("garden.roses"))
    put(s3, "no-contract", b"<html>")
    s3.put("models", "default/lawn/half/artifact/model.onnx")
    s3.put("models", "default/lawn/evaluations/1/2-3.json")
    s3.put("models", "default/lawn-2/run1/artifact/contract.json", contract("default.lawn-2"))
    put(s3, "run1", contract())
    artifacts = found(s3)
    assert not isinstance(artifacts, Failure)
    assert [item.run for item in artifacts] == ["run1"]


def test_of_many_the_newest_and_what_serves_are_registered(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "RESTORED", 2)
    served = put(s3, "run1", contract() + b" ")
    for number in range(2, 6):
        put(s3, f"run{number}", contract() + b"\n" * number)
    artifacts = found(s3, served)
    assert not isinstance(artifacts, Failure)
    assert [item.run for item in artifacts] == ["run1", "run4", "run5"]


def test_no_more_contracts_are_read_than_it_takes(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "RESTORED", 2)
    digests = [put(s3, f"run{number}", contract() + b" " * number) for number in range(1, 9)]
    looks = 1 + len(digests)  # at the folder, and at each run

    def within(requests: int, *served: str) -> list[str]:
        few = ReadLimits(stored=replace(STORED, requests=requests))
        artifacts = found(s3, *served, limits=few)
        assert not isinstance(artifacts, Failure), artifacts
        return [item.run for item in artifacts]

    assert within(looks + 2, digests[7]) == ["run7", "run8"]
    assert within(looks + 6, digests[2]) == ["run3", "run7", "run8"]
    late = found(s3, digests[2], limits=ReadLimits(stored=replace(STORED, requests=looks + 5)))
    assert isinstance(late, Failure), "what serves is not left out because it is far behind"


def test_nothing_is_there_where_no_run_has_ended(s3: FakeS3) -> None:
    assert found(s3) == ()


@pytest.mark.parametrize("code", ["SlowDown", "InternalError"])
def test_a_store_that_does_not_answer_is_told_apart_from_an_empty_one(
    s3: FakeS3, code: str
) -> None:
    put(s3, "run1", contract())
    s3.refuses = code
    failure = found(s3)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.STORAGE_UNREACHABLE
