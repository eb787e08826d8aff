"""Reads of endpoints that do not behave: each ends in time and within its size."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.connection.budget import MEBIBYTE
from dandelion_operator.ports.s3.documents import listing
from dandelion_operator.seen.comparison import ComparisonName
from dandelion_operator.seen.training import DatasetSeen, Progress
from fakes.hostile import Behaviour, answer, drips, floods, hostile, says, silent
from fakes.s3 import FakeS3, serving
from given.storage.reads import BRIEF, KEY, access, dataset, storage

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with serving() as healthy:
        healthy.put("datasets", "lawn/grass/1.png")
        yield healthy


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param(silent, "cannot be reached", id="silence"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"), "cannot be", id="endless headers"),
        pytest.param(drips(HEAD + b"\r\n", b"<"), "no whole answer within", id="a dripping body"),
        pytest.param(
            drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n<\r\n"),
            "no whole answer within",
            id="dripping chunks",
        ),
        pytest.param(floods(HEAD + b"\r\n"), "larger than 1 MiB", id="a flood"),
        pytest.param(
            drips(HEAD + b"Content-Length: 209715200\r\n\r\n", b"<"),
            "larger than 1 MiB",
            id="a large answer announced",
        ),
        pytest.param(
            says(answer(b"<a>%s</a>" % (b"<b/>" * 220_000))),
            "more than 200,000 tags",
            id="what would fill the memory",
        ),
        pytest.param(
            says(answer(b"<x/>", "503 Busy\r\nRetry-After: 86400")), "answers", id="come back later"
        ),
        pytest.param(
            says(answer(b"", "302 Found\r\nLocation: http://169.254.169.254/")),
            "cannot be reached",
            id="sent elsewhere",
        ),
        pytest.param(
            says(answer(b"\x1f\x8b\x08", "200 OK\r\nContent-Encoding: gzip")),
            "as an S3 endpoint does",
            id="compressed",
        ),
    ],
)
def test_a_read_ends_whatever_the_endpoint_does(behaviour: Behaviour, words: str) -> None:
    # What is refused by its content is given the time that a busy machine takes to read it.
    ends_by_time = words in {"cannot be reached", "cannot be", "no whole answer within"}
    limits = BRIEF if ends_by_time else replace(BRIEF, seconds=30)
    with hostile(behaviour) as endpoint:
        found = dataset(endpoint.endpoint, limits)
    assert isinstance(found, Failure)
    assert found.reason is Reason.STORAGE_UNREACHABLE
    assert words in found.message
    assert endpoint.endpoint in found.message


def test_a_handshake_that_never_ends_is_given_up() -> None:
    with hostile(silent) as endpoint:
        found = dataset(f"https://{endpoint.address}")
    assert isinstance(found, Failure)
    assert "cannot be reached" in found.message


def pages(*names: str) -> bytes:
    found = "".join(
        f"<Contents><Key>{name}</Key><Size>1</Size><ETag>e</ETag></Contents>" for name in names
    )
    return answer(
        b"<ListBucketResult><Name>datasets</Name><IsTruncated>true</IsTruncated>"
        b"<NextContinuationToken>again</NextContinuationToken>%b</ListBucketResult>"
        % found.encode()
    )


def test_pages_without_end_are_cut_and_told() -> None:
    with hostile(says(pages("lawn/1.png", "lawn/2.png"))) as endpoint:
        found = dataset(endpoint.endpoint, replace(BRIEF, seconds=60, requests=5))
    assert isinstance(found, DatasetSeen)
    assert (found.fingerprint, found.objects) == ("", 10)
    assert "cut after 10 objects (it takes more than 5 requests)" in found.cut
    assert len(endpoint.requests) == 5


def test_pages_without_objects_have_an_end() -> None:
    with hostile(says(pages())) as endpoint:
        found = dataset(endpoint.endpoint, replace(BRIEF, seconds=60, requests=5))
    assert isinstance(found, Failure)
    assert "more than 5 requests" in found.message


def test_a_large_dataset_is_read_and_told_to_be_cut(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_LISTED", 3)
    for number in range(5):
        s3.put("datasets", f"lawn/grass/{number}.png", b"one")
    first = dataset(s3.endpoint, replace(BRIEF, seconds=60))
    assert isinstance(first, DatasetSeen)
    assert "only its first 3 objects" in first.cut
    assert dataset(s3.endpoint, replace(BRIEF, seconds=60)) == first


HUGE = b'{"metrics": {}, "files": {}, "x": "' + b"y" * MEBIBYTE + b'"}'


def test_a_contract_that_is_too_large_is_rejected_in_words(s3: FakeS3) -> None:
    s3.put("models", "run/contract.json", HUGE)
    target = Target(1, "s3://models/run", f"sha256:{hashlib.sha256(HUGE).hexdigest()}")

    async def scene() -> object:
        async with storage(replace(BRIEF, seconds=60)) as read:
            return await read.contract(access(s3.endpoint), target, fresh=True)

    found = asyncio.run(scene())
    assert isinstance(found, Failure)
    assert found.reason is Reason.ARTIFACT_REJECTED
    assert "contract.json is no contract: it is larger than 1 MiB" in found.message


def test_a_contract_with_files_without_end_is_not_followed(s3: FakeS3) -> None:
    files = ",".join(f'"f{number}": {{"sha256": "", "bytes": 1}}' for number in range(1000))
    content = f'{{"metrics": {{}}, "files": {{{files}}}}}'.encode()
    s3.put("models", "run/contract.json", content)
    target = Target(1, "s3://models/run", f"sha256:{hashlib.sha256(content).hexdigest()}")

    async def scene() -> object:
        async with storage(replace(BRIEF, seconds=60)) as read:
            return await read.contract(access(s3.endpoint), target, fresh=True)

    found = asyncio.run(scene())
    assert isinstance(found, Failure)
    assert found.reason is Reason.ARTIFACT_REJECTED
    assert "at most 50 items" in found.message
    assert len(s3.requests) == 1


def test_other_documents_that_are_too_large_are_not_read(s3: FakeS3) -> None:
    compared = ComparisonName("sha256:da", "sha256:ca", "sha256:fe")
    s3.put("models", "default/lawn/evaluations/da/ca-fe.json", HUGE)
    s3.put("models", "default/lawn/run1/status.json", HUGE)

    async def scene() -> tuple[object, object]:
        async with storage(replace(BRIEF, seconds=60)) as read:
            return (
                await read.comparison(access(s3.endpoint), KEY, compared),
                await read.progress(access(s3.endpoint), KEY, "run1"),
            )

    comparison, progress = asyncio.run(scene())
    assert isinstance(comparison, Failure)
    assert comparison.reason is Reason.EVALUATION_FAILED
    assert "larger than 1 MiB; delete it" in comparison.message
    assert progress == Progress(run="run1")
