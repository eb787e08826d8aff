"""The contract of an artifact over a real connection: read, rejected, or not looked at."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.storage import Storage, contracts
from dandelion_operator.seen.comparison import ClassFigures
from dandelion_operator.seen.versions import ContractSeen
from fakes.s3 import FakeS3
from given.storage.access import access

FOLDER = "default/lawn/run1/artifact"
CONTRACT = {
    "metrics": {"accuracy": 0.9},
    "files": {"model.onnx": {"sha256": "ab", "bytes": 5}},
    "classes": ["dandelion", "grass"],
    "dataset": {"digest": "sha256:cd", "images": 40},
}


def published(s3: FakeS3, content: bytes | None = None, model: bytes | None = b"12345") -> Target:
    written = json.dumps(CONTRACT).encode() if content is None else content
    s3.put("models", f"{FOLDER}/contract.json", written)
    if model is not None:
        s3.put("models", f"{FOLDER}/model.onnx", model)
    digest = f"sha256:{hashlib.sha256(written).hexdigest()}"
    return Target(1, f"s3://models/{FOLDER}", digest)


def contract(s3: FakeS3, target: Target) -> ContractSeen | Failure:
    return asyncio.run(Storage().contract(access(s3.endpoint), target, fresh=True))


def test_a_sound_artifact_is_read(s3: FakeS3) -> None:
    found = contract(s3, published(s3))
    assert found == ContractSeen({"accuracy": 0.9}, "sha256:cd", 40, ("dandelion", "grass"))


def test_figures_by_class_are_read_and_what_they_lack_is_not_known(s3: FakeS3) -> None:
    figures = {
        "dandelion": {"precision": 0.9, "recall": 1.0, "f1": 0.95, "support": 9, "predicted": 10},
        "grass": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1, "predicted": 0},
        "moss": {"recall": 0.0, "support": 0},
        "fern": {"recall": None, "precision": None, "f1": None, "support": 0, "predicted": 0},
    }
    dataset = {"digest": "sha256:cd", "images": 50, "holdout": 10}
    written = CONTRACT | {"dataset": dataset, "perClass": figures}
    found = contract(s3, published(s3, json.dumps(written).encode()))
    assert isinstance(found, ContractSeen)
    assert found.holdout == 10
    assert found.by_class == {
        "dandelion": ClassFigures(9, 1.0, 10),
        "grass": ClassFigures(1, 0.0, 0),
        "moss": ClassFigures(0, None, None),
        "fern": ClassFigures(0, None, 0),
    }
    assert found.never_answered == ("grass",)


def test_what_training_chose_to_compute_in_is_read(s3: FakeS3) -> None:
    chosen = {"choice": "int8", "int8": {"accuracy": 0.9, "agreement": 0.99}, "images": 8}
    found = contract(s3, published(s3, json.dumps(CONTRACT | {"precision": chosen}).encode()))
    assert isinstance(found, ContractSeen)
    assert found.precision == "int8"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"contract_digest": "sha256:00"}, "not sha256:00", id="another digest"),
        pytest.param({"contract_digest": ""}, "contract-digest", id="no digest"),
        pytest.param({"artifact_uri": "s3://models/gone"}, "models/gone/contract.json", id="gone"),
        pytest.param({"artifact_uri": "s3://no-bucket/x"}, "no-bucket", id="no bucket"),
        pytest.param({"artifact_uri": "runs:/1/model"}, "no s3:// address", id="not on S3"),
    ],
)
def test_a_version_whose_artifact_cannot_be_served_is_rejected(
    s3: FakeS3, change: dict[str, Any], words: str
) -> None:
    found = contract(s3, replace(published(s3), **change))
    assert isinstance(found, Failure)
    assert found.reason is Reason.ARTIFACT_REJECTED
    assert words in found.message


@pytest.mark.parametrize(
    ("content", "model", "words"),
    [
        pytest.param(None, None, "model.onnx does not exist", id="a file is missing"),
        pytest.param(None, b"123", "has 3 bytes", id="a file is cut short"),
        pytest.param(b"{}", b"12345", "metrics", id="no contract"),
        pytest.param(b"\x80\x04", b"12345", "contract.json", id="no JSON"),
        pytest.param(
            b'{"metrics":{},"files":{},"perClass":{%s}}'
            % b",".join(b'"%x":{}' % number for number in range(200_000)),
            b"12345",
            "more than 250,000 parts",
            id="what would fill the memory",
        ),
    ],
)
def test_an_artifact_that_is_not_whole_is_rejected(
    s3: FakeS3, content: bytes | None, model: bytes | None, words: str
) -> None:
    found = contract(s3, published(s3, content, model))
    assert isinstance(found, Failure)
    assert found.reason is Reason.ARTIFACT_REJECTED
    assert words in found.message


def with_files(s3: FakeS3, number: int) -> Target:
    names = [f"part-{index}" for index in range(number)]
    for name in names:
        s3.put("models", f"{FOLDER}/{name}", b"12345")
    files = {name: {"sha256": "ab", "bytes": 5} for name in names}
    return published(s3, json.dumps(CONTRACT | {"files": files}).encode())


def test_an_artifact_of_many_files_is_looked_at_in_two_requests(s3: FakeS3) -> None:
    found = contract(s3, with_files(s3, 40))
    assert isinstance(found, ContractSeen)
    assert len(s3.requests) == 2


@pytest.mark.parametrize(
    ("lost", "words"), [(None, ""), ("part-1", "part-1 does not exist")], ids=["whole", "one lost"]
)
def test_keys_that_may_not_list_have_each_file_asked_for(
    s3: FakeS3, lost: str | None, words: str
) -> None:
    target = with_files(s3, 3)
    s3.may_list = False
    if lost is not None:
        del s3.buckets["models"][f"{FOLDER}/{lost}"]
    found = contract(s3, target)
    assert isinstance(found, ContractSeen) is (lost is None)
    assert words in (found.message if isinstance(found, Failure) else "")


def test_an_artifact_that_cannot_be_looked_at_is_not_rejected(s3: FakeS3) -> None:
    target = published(s3)
    s3.refuses = "SlowDown"
    found = contract(s3, target)
    assert isinstance(found, Failure)
    assert found.may_pass


def test_what_serves_is_read_once_and_what_is_to_be_served_every_time(s3: FakeS3) -> None:
    storage, target = Storage(), published(s3)
    for fresh in (True, False, False):
        asyncio.run(storage.contract(access(s3.endpoint), target, fresh=fresh))
    assert len(s3.requests) == 2
    s3.buckets["models"].clear()
    gone = asyncio.run(storage.contract(access(s3.endpoint), target, fresh=True))
    assert isinstance(gone, Failure)


def test_contracts_of_hundreds_of_resources_are_all_remembered(s3: FakeS3) -> None:
    storage, target = Storage(), published(s3)
    targets = [replace(target, artifact_uri=f"{target.artifact_uri}/{n}") for n in range(200)]
    for one in targets:
        path = one.artifact_uri.removeprefix("s3://models/")
        for name in ("contract.json", "model.onnx"):
            s3.put("models", f"{path}/{name}", s3.buckets["models"][f"{FOLDER}/{name}"])

    async def all_looked_at() -> int:
        before = len(s3.requests)
        for one in targets:
            await storage.contract(access(s3.endpoint), one, fresh=False)
        return len(s3.requests) - before

    async def twice() -> tuple[int, int]:
        return await all_looked_at(), await all_looked_at()

    assert asyncio.run(twice()) == (400, 0)


def test_a_contract_of_very_many_classes_is_read(s3: FakeS3) -> None:
    figures = {"precision": 0.9, "recall": 0.9, "f1": 0.9, "support": 50, "predicted": 51}
    by_class = {f"n{number:08}": figures for number in range(21_841)}
    written = CONTRACT | {"classes": list(by_class), "perClass": by_class}
    found = contract(s3, published(s3, json.dumps(written).encode()))
    assert isinstance(found, ContractSeen)
    assert len(found.by_class) == 21_841


@pytest.mark.parametrize("letters", [10, 100_000])
def test_a_contract_is_remembered_by_what_its_names_weigh(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch, letters: int
) -> None:
    monkeypatch.setattr(contracts, "REMEMBERED_CLASSES", 100)
    written = CONTRACT | {"metrics": {"a" * letters: 0.9}}
    target, storage = published(s3, json.dumps(written).encode()), Storage()
    for _ in range(2):
        assert isinstance(
            asyncio.run(storage.contract(access(s3.endpoint), target, fresh=False)), ContractSeen
        )
    assert len(s3.requests) == (2 if letters == 10 else 4)
