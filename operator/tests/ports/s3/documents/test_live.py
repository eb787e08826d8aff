"""A version's live accuracy over a real connection: read, missing, or none."""

from __future__ import annotations

import asyncio

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.seen.live import LiveAccuracySeen
from fakes.s3 import FakeS3
from given.storage.access import KEY, access

CONTRACT = "sha256:c0ffee"
PLACE = "default/lawn/live/c0ffee.json"
# As training writes it.
DOCUMENT = b"""{
  "accuracy": 0.75,
  "apiVersion": "dandelion.dev/live-accuracy/v1",
  "computedAt": "2026-03-10T12:00:00Z",
  "confidence": 0.95,
  "contract": "sha256:c0ffee",
  "corrections": 7,
  "lower": 0.55,
  "rejected": 2,
  "reviewed": 40,
  "right": 30,
  "upper": 0.89,
  "version": "3"
}
"""


def live(
    s3: FakeS3, content: bytes | None, storage: Storage | None = None
) -> LiveAccuracySeen | Failure | None:
    s3.buckets.setdefault("models", {})
    if content is not None:
        s3.put("models", PLACE, content)
    return asyncio.run((storage or Storage()).live(access(s3.endpoint), KEY, CONTRACT))


def test_it_is_read_as_training_writes_it(s3: FakeS3) -> None:
    assert live(s3, DOCUMENT) == LiveAccuracySeen(
        40, 30, 0.55, 0.89, 0.95, "2026-03-10T12:00:00Z", rejected=2, corrections=7
    )


def test_what_nobody_reviewed_is_none_and_what_changes_is_read_anew(s3: FakeS3) -> None:
    storage = Storage()
    assert live(s3, None, storage) is None
    assert isinstance(live(s3, DOCUMENT, storage), LiveAccuracySeen)
    more = live(s3, DOCUMENT.replace(b"40", b"41"), storage)
    assert isinstance(more, LiveAccuracySeen)
    assert more.reviewed == 41


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"{half", "Invalid JSON", id="no JSON"),
        pytest.param(b"{}", "apiVersion", id="no live accuracy"),
        pytest.param(DOCUMENT.replace(b"y/v1", b"y/v9"), "apiVersion", id="a later form"),
        pytest.param(
            DOCUMENT.replace(b"c0ffee", b"bad"), "it is of another artifact", id="another's"
        ),
        pytest.param(
            DOCUMENT.replace(b'"right": 30', b'"right": 41'),
            "41 of 40 answers are right",
            id="more right than reviewed",
        ),
        pytest.param(
            DOCUMENT.replace(b"0.55", b"0.99"), "its bounds are upside down", id="upside down"
        ),
        pytest.param(DOCUMENT.replace(b"0.89", b"1.1"), "upper", id="more than all"),
        pytest.param(DOCUMENT.replace(b"0.89", b"NaN"), "upper", id="no number"),
        pytest.param(
            DOCUMENT.replace(b"2026-03-10T12:00:00Z", b"lately"), "computedAt", id="no moment"
        ),
        pytest.param(DOCUMENT + b" " * (9 << 20), "larger than 8 MiB", id="too large"),
    ],
)
def test_what_is_none_is_a_failure_with_its_cause_and_the_way_out(
    s3: FakeS3, content: bytes, words: str
) -> None:
    found = live(s3, content)
    assert isinstance(found, Failure)
    assert found.reason is Reason.EVALUATION_FAILED
    assert f"s3://models/{PLACE} is no live accuracy: " in found.message
    assert words in found.message
    assert found.message.endswith("`review accuracy` of the training image writes it anew")


def test_refused_keys_are_no_missing_reviews(s3: FakeS3) -> None:
    s3.refuses = "AccessDenied"
    found = live(s3, DOCUMENT)
    assert isinstance(found, Failure)
    assert found.reason is Reason.CREDENTIALS_REJECTED
