"""When people decided about answers last, over a real connection: by the objects of imports."""

from __future__ import annotations

import asyncio

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.seen.live import ReviewsSeen
from fakes.s3 import FakeS3
from given.access import KEY, access

FOLDER = "default/lawn/decisions"


def reviews(s3: FakeS3) -> ReviewsSeen | Failure:
    s3.buckets.setdefault("models", {})
    return asyncio.run(Storage().reviews(access(s3.endpoint), KEY))


def test_the_newest_import_is_told(s3: FakeS3) -> None:
    for name, written in {
        "b": "2026-03-01T00:00:00Z",
        "a": "2026-03-09T12:30:00Z",
        "c": "2026-02-01T00:00:00Z",
    }.items():
        s3.put("models", f"{FOLDER}/{name}.jsonl.gz", written=written)
    s3.put("models", "default/lawn2/decisions/a.jsonl.gz", written="2026-04-01T00:00:00Z")
    s3.put("models", "default/lawn/live/a.json", written="2026-04-01T00:00:00Z")
    assert reviews(s3) == ReviewsSeen("2026-03-09T12:30:00Z")


def test_where_nobody_decided_there_is_no_moment(s3: FakeS3) -> None:
    assert reviews(s3) == ReviewsSeen("")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AccessDenied", Reason.CREDENTIALS_REJECTED),
        ("NoSuchBucket", Reason.BUCKET_NOT_FOUND),
        ("SlowDown", Reason.STORAGE_UNREACHABLE),
    ],
)
def test_what_cannot_be_read_is_no_answer(s3: FakeS3, code: str, reason: Reason) -> None:
    s3.refuses = code
    found = reviews(s3)
    assert isinstance(found, Failure)
    assert found.reason is reason
