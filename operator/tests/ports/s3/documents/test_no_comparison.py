"""That two versions cannot be compared, as it is stored where the comparison would be."""

from __future__ import annotations

import asyncio

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from fakes.s3 import FakeS3
from given.storage.access import KEY, access

COMPARED = ComparisonName("sha256:da", "sha256:ca", "sha256:fe")
PLACE = "default/lawn/evaluations/da/ca-fe.json"
# As training writes it.
OUTCOME = (
    b'{"apiVersion":"dandelion.dev/no-comparison/v1","challenger":"sha256:ca",'
    b'"champion":"sha256:fe","dataset":"sha256:da","message":"No image is left."}\n'
)


def read(s3: FakeS3, content: bytes) -> Comparison | Failure | None:
    s3.buckets.setdefault("models", {})
    s3.put("models", PLACE, content)
    return asyncio.run(Storage().comparison(access(s3.endpoint), KEY, COMPARED))


def test_the_outcome_is_told_with_its_cause_and_what_to_delete(s3: FakeS3) -> None:
    found = read(s3, OUTCOME)
    assert isinstance(found, Failure)
    assert found.reason is Reason.EVALUATION_FAILED
    assert found.message.startswith("EvaluationImpossible: No image is left.")
    assert f"Delete s3://models/{PLACE}" in found.message


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(OUTCOME.replace(b"sha256:fe", b"sha256:00"), id="of another champion"),
        pytest.param(OUTCOME.replace(b"No image is left.", b""), id="without a cause"),
        pytest.param(OUTCOME.replace(b"no-comparison/v1", b"no-comparison/v9"), id="a later form"),
    ],
)
def test_what_is_no_such_outcome_is_not_believed(s3: FakeS3, content: bytes) -> None:
    found = read(s3, content)
    assert isinstance(found, Failure)
    assert "is no comparison" in found.message
