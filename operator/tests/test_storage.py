"""What the operator makes of an S3 endpoint's answers, over a real connection."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.storage import LONGEST_MEMORY, Access, Storage
from dandelion_operator.seen.comparison import (
    ClassFigures,
    Comparison,
    ComparisonName,
    PairedCounts,
    PairedMacroF1,
)
from dandelion_operator.seen.training import DatasetSeen, DatasetVersionSeen, Progress
from dandelion_operator.seen.versions import ContractSeen
from fakes.s3 import FakeS3, serving

URI = "s3://datasets/lawn"
KEY = NamespacedName("default", "lawn")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeS3]:
    with serving() as s3:
        yield s3


@pytest.fixture
def s3(server: FakeS3) -> FakeS3:
    fresh = FakeS3()
    for name in ("buckets", "refuses", "not_s3", "may_make_buckets", "requests"):
        setattr(server, name, getattr(fresh, name))
    return server


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def access(endpoint: str) -> Access:
    place = replace(given.place(), endpoint=endpoint, training_secret="mine")
    return Access(place, Credentials("key", "secret"))


def dataset(s3: FakeS3, uri: str = URI) -> DatasetSeen | Failure:
    return asyncio.run(Storage().dataset(access(s3.endpoint), uri, whole=True))


def test_the_fingerprint_changes_with_any_image_and_only_then(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/dandelion/1.png", b"one")
    s3.put("datasets", "lawn/grass/1.png", b"two")
    first = dataset(s3)
    assert isinstance(first, DatasetSeen)
    assert first.objects == 2
    assert dataset(s3) == first
    s3.put("datasets", "lawn/grass/1.png", b"other")
    changed = dataset(s3)
    assert isinstance(changed, DatasetSeen)
    assert changed.fingerprint != first.fingerprint
    s3.put("datasets", "lawn-of-others/1.png", b"not ours")
    assert dataset(s3) == changed


def test_an_address_names_objects_literally(s3: FakeS3) -> None:
    s3.put("datasets", "ants#2/a b?/1 %41.png", b"one")
    s3.put("datasets", "ants/b/1.png", b"not ours")
    found = dataset(s3, "s3://datasets/ants#2")
    assert isinstance(found, DatasetSeen)
    assert found.objects == 1


TABLE = "s3://datasets/lawn/labels.csv"


def test_the_fingerprint_of_a_table_is_of_it_and_of_its_folder(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/labels.csv", b"key,label")
    s3.put("datasets", "lawn/images/1.png", b"one")
    first = dataset(s3, TABLE)
    s3.put("datasets", "lawn/labels.csv", b"key,label,split")
    relabelled = dataset(s3, TABLE)
    s3.put("datasets", "lawn/images/2.png", b"two")
    grown = dataset(s3, TABLE)
    assert isinstance(first, DatasetSeen)
    assert isinstance(relabelled, DatasetSeen)
    assert isinstance(grown, DatasetSeen)
    assert len({first.fingerprint, relabelled.fingerprint, grown.fingerprint}) == 3
    assert (first.objects, grown.objects) == (2, 3)


def test_a_table_that_is_not_there_is_named(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/images/1.png", b"one")
    found = dataset(s3, TABLE)
    assert isinstance(found, Failure)
    assert found.reason is Reason.DATASET_EMPTY
    assert "no table of labels s3://datasets/lawn/labels.csv" in found.message


def test_folder_markers_are_no_images(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/", b"")
    s3.put("datasets", "lawn/grass/", b"")
    found = dataset(s3)
    assert isinstance(found, Failure)
    assert found.reason is Reason.DATASET_EMPTY


@pytest.mark.parametrize(
    ("about", "reason", "words"),
    [
        pytest.param({}, Reason.BUCKET_NOT_FOUND, "no bucket datasets at", id="no such bucket"),
        pytest.param(
            {"buckets": {"datasets": {}}},
            Reason.DATASET_EMPTY,
            "below s3://datasets/lawn",
            id="empty",
        ),
        pytest.param(
            {"refuses": "InvalidAccessKeyId"},
            Reason.CREDENTIALS_REJECTED,
            "refuses the keys in the Secret mine",
            id="an unknown key",
        ),
        pytest.param(
            {"refuses": "SignatureDoesNotMatch"},
            Reason.CREDENTIALS_REJECTED,
            "SignatureDoesNotMatch",
            id="a wrong secret",
        ),
        pytest.param(
            {"refuses": "AccessDenied"},
            Reason.CREDENTIALS_REJECTED,
            "for the bucket datasets",
            id="a key that may not",
        ),
        pytest.param(
            {"refuses": "SlowDown"}, Reason.STORAGE_UNREACHABLE, "SlowDown", id="an overload"
        ),
        pytest.param(
            {"not_s3": "<html>a web page</html>"},
            Reason.STORAGE_UNREACHABLE,
            "as an S3 endpoint does",
            id="a web page",
        ),
        pytest.param(
            {"not_s3": "hello"},
            Reason.STORAGE_UNREACHABLE,
            "as an S3 endpoint does",
            id="something else that is no S3",
        ),
    ],
)
def test_what_is_wrong_is_told_apart(
    s3: FakeS3, about: dict[str, object], reason: Reason, words: str
) -> None:
    for name, value in about.items():
        setattr(s3, name, value)
    found = dataset(s3)
    assert isinstance(found, Failure)
    assert found.reason is reason
    assert words in found.message
    assert "secret\n" not in found.message


def test_an_endpoint_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}"
    found = asyncio.run(Storage().dataset(access(closed), URI, whole=True))
    assert isinstance(found, Failure)
    assert found.reason is Reason.STORAGE_UNREACHABLE
    assert "refused" in found.message


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    nowhere = access("http://nowhere.invalid:9000")
    found = asyncio.run(Storage().dataset(nowhere, URI, whole=True))
    assert isinstance(found, Failure)
    assert found.reason is Reason.STORAGE_UNREACHABLE
    assert "nowhere.invalid" in found.message


def test_a_listing_is_remembered_for_a_while_only(s3: FakeS3) -> None:
    clock = Clock()
    storage = Storage(clock)
    s3.put("datasets", "lawn/grass/1.png")
    for _ in range(3):
        asyncio.run(storage.dataset(access(s3.endpoint), URI, whole=True))
    assert len(s3.requests) == 1
    clock.now += LONGEST_MEMORY + 1
    asyncio.run(storage.dataset(access(s3.endpoint), URI, whole=True))
    assert len(s3.requests) == 2


CONTRACT = {
    "metrics": {"accuracy": 0.9},
    "files": {"model.onnx": {"sha256": "ab", "bytes": 5}},
    "classes": ["dandelion", "grass"],
    "dataset": {"digest": "sha256:cd", "images": 40},
}


def published(s3: FakeS3, content: bytes | None = None, model: bytes | None = b"12345") -> Target:
    written = json.dumps(CONTRACT).encode() if content is None else content
    s3.put("models", "default/lawn/run1/artifact/contract.json", written)
    if model is not None:
        s3.put("models", "default/lawn/run1/artifact/model.onnx", model)
    digest = f"sha256:{hashlib.sha256(written).hexdigest()}"
    return Target(1, "s3://models/default/lawn/run1/artifact", digest)


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
    ],
)
def test_an_artifact_that_is_not_whole_is_rejected(
    s3: FakeS3, content: bytes | None, model: bytes | None, words: str
) -> None:
    found = contract(s3, published(s3, content, model))
    assert isinstance(found, Failure)
    assert found.reason is Reason.ARTIFACT_REJECTED
    assert words in found.message


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


COMPARED = ComparisonName("sha256:da", "sha256:ca", "sha256:fe")
PLACE = "default/lawn/evaluations/da/ca-fe.json"
# As training writes it, but for the number of quantiles.
COMPARISON = (
    b'{"accuracy":{"champion":0.75,"challenger":0.8},"apiVersion":"dandelion.dev/comparison/v1",'
    b'"both":{"championOnly":5,"challengerOnly":10,"right":70,"wrong":15},'
    b'"challenger":"sha256:ca","champion":"sha256:fe",'
    b'"classes":{"gained":["moss"],"lost":["fern"],"shared":["dandelion","grass"]},'
    b'"dataset":"sha256:da","images":100,'
    b'"macroF1":{"bootstrap":[-0.02,0.05,0.11],"challenger":0.79,"champion":0.74},'
    b'"neverAnswered":{"challenger":["grass"],"champion":[]},'
    b'"recall":{"dandelion":{"challenger":1.0,"champion":0.9375,"images":80},'
    b'"grass":{"challenger":0.0,"champion":0.0,"images":20}}}'
)


def comparison(
    s3: FakeS3, content: bytes | None, storage: Storage | None = None
) -> Comparison | Failure | None:
    s3.buckets.setdefault("models", {})
    if content is not None:
        s3.put("models", PLACE, content)
    return asyncio.run((storage or Storage()).comparison(access(s3.endpoint), KEY, COMPARED))


def test_a_comparison_is_read_as_training_writes_it(s3: FakeS3) -> None:
    assert comparison(s3, COMPARISON) == Comparison(
        PairedCounts(70, 10, 5, 15),
        PairedMacroF1(0.79, 0.74, (-0.02, 0.05, 0.11)),
        shared=("dandelion", "grass"),
        gained=("moss",),
        lost=("fern",),
        never_answered=("grass",),
    )


def test_a_comparison_that_was_not_made_is_none_and_looked_for_again(s3: FakeS3) -> None:
    storage = Storage()
    assert comparison(s3, None, storage) is None
    assert isinstance(comparison(s3, COMPARISON, storage), Comparison)


def test_a_comparison_is_read_once(s3: FakeS3) -> None:
    storage = Storage()
    first = comparison(s3, COMPARISON, storage)
    s3.refuses = "SlowDown"
    assert comparison(s3, None, storage) == first
    assert len(s3.requests) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"{half", "Invalid JSON", id="no JSON"),
        pytest.param(b"{}", "apiVersion", id="no comparison"),
        pytest.param(
            COMPARISON.replace(b"comparison/v1", b"comparison/v9"), "apiVersion", id="a later form"
        ),
        pytest.param(
            COMPARISON.replace(b'"sha256:fe"', b'"sha256:00"'),
            "it is of other artifacts",
            id="of another champion",
        ),
        pytest.param(
            COMPARISON.replace(b'"right":70', b'"right":71'),
            "101 images by who was right, 100 in all",
            id="counts that do not add up",
        ),
        pytest.param(
            COMPARISON.replace(b'"right":70', b'"right":-1'), "both.right", id="less than no image"
        ),
        pytest.param(
            COMPARISON.replace(b"0.05,0.11", b"0.11,0.05"), "do not ascend", id="quantiles mixed up"
        ),
    ],
)
def test_what_is_no_comparison_is_named_and_never_judged_by(
    s3: FakeS3, content: bytes, words: str
) -> None:
    found = comparison(s3, content)
    assert isinstance(found, Failure)
    assert found.reason is Reason.EVALUATION_FAILED
    assert f"s3://models/{PLACE} is no comparison" in found.message
    assert words in found.message


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("SlowDown", Reason.STORAGE_UNREACHABLE),
        ("AccessDenied", Reason.CREDENTIALS_REJECTED),
    ],
)
def test_a_comparison_that_cannot_be_looked_for_is_not_missing(
    s3: FakeS3, code: str, reason: Reason
) -> None:
    s3.refuses = code
    found = comparison(s3, None)
    assert isinstance(found, Failure)
    assert found.reason is reason


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(None, Progress(run="run1"), id="nothing yet"),
        pytest.param(b"{half", Progress(run="run1"), id="no JSON"),
        pytest.param(b"[]", Progress(run="run1"), id="not what it should be"),
        pytest.param(
            json.dumps(
                {"state": "running", "stage": "epoch 3 of 10", "percent": 30, "version": 2}
            ).encode(),
            Progress("run1", "running", "epoch 3 of 10", 30, version="2"),
            id="a run under way",
        ),
        pytest.param(
            json.dumps({"state": 5, "percent": "half", "datasetDigest": None}).encode(),
            Progress("run1"),
            id="what is malformed is not known",
        ),
        pytest.param(
            json.dumps(
                {
                    "state": "running",
                    "datasetDigest": "sha256:da",
                    "images": 90,
                    "classes": ["dandelion", "grass"],
                    "classCount": 2,
                    "holdout": 18,
                    "trainImages": 72,
                    "holdoutByClass": {"dandelion": 10, "grass": 8},
                    "rejected": {"Unreadable": 7, "Duplicate": 3},
                    "warnings": ["grass: only 8 images are held out"],
                    "formerDataset": "sha256:ab",
                }
            ).encode(),
            Progress(
                "run1",
                "running",
                dataset=DatasetVersionSeen(
                    "sha256:da",
                    90,
                    2,
                    ("dandelion", "grass"),
                    18,
                    {"dandelion": 10, "grass": 8},
                    {"Unreadable": 7, "Duplicate": 3},
                    ("grass: only 8 images are held out",),
                ),
            ),
            id="what a run found in its dataset",
        ),
    ],
)
def test_progress_is_a_courtesy(s3: FakeS3, content: bytes | None, expected: Progress) -> None:
    s3.buckets["models"] = {}
    if content is not None:
        s3.put("models", "default/lawn/run1/status.json", content)
    assert asyncio.run(Storage().progress(access(s3.endpoint), KEY, "run1")) == expected


def test_what_a_status_has_no_room_for_is_left_out(s3: FakeS3) -> None:
    names = [f"class {number}" for number in range(2000)]
    document = {
        "datasetDigest": "sha256:da",
        "images": 80_000,
        "classes": names[:200],
        "classCount": 2000,
        "holdout": 16_000,
        "holdoutByClass": dict.fromkeys(names, 8),
        "warnings": ["a warning of many words " * 100] * 50,
    }
    s3.put("models", "default/lawn/run1/status.json", json.dumps(document).encode())
    found = asyncio.run(Storage().progress(access(s3.endpoint), KEY, "run1")).dataset
    assert found is not None
    assert (found.images, found.class_count, found.holdout) == (80_000, 2000, 16_000)
    assert (found.classes, found.holdout_by_class) == ((), {})
    assert len(found.warnings) == 10
    assert all(len(words) <= 300 for words in found.warnings)


def test_keys_are_never_shown() -> None:
    assert "secret" not in repr(access("http://s3").credentials)
