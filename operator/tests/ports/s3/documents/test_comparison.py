"""The comparison of two versions over a real connection: read, missing, or no comparison."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.storage import Storage, comparisons
from dandelion_operator.seen.comparison import (
    Comparison,
    ComparisonName,
    PairedCounts,
    PairedMacroF1,
)
from fakes.s3 import FakeS3
from given.storage.access import KEY, access

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
        digest=f"sha256:{hashlib.sha256(COMPARISON).hexdigest()}",
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


def test_a_comparison_that_is_too_much_to_remember_is_read_again(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "REMEMBERED_BYTES", 10_000)
    storage = Storage()
    large = COMPARISON.replace(b'"gained":["moss"]', b'"gained":["%s"]' % (b"m" * 10_000))
    for _ in range(2):
        assert isinstance(comparison(s3, large, storage), Comparison)
    assert len(s3.requests) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(
            COMPARISON.replace(b'"gained":[', b'"gained":[' + b'"",' * 300_000),
            "more than 250,000 parts",
            id="what would fill the memory",
        ),
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
