"""Reads of endpoints that do not behave: each ends, and takes nothing from the others."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace

import given
import pytest
from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.connection.budget import MEBIBYTE, Limits
from dandelion_operator.ports.s3.connection.lanes import Lanes
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.documents import listing
from dandelion_operator.ports.s3.storage import ReadLimits, Storage
from dandelion_operator.seen.comparison import ComparisonName
from dandelion_operator.seen.training import DatasetSeen, Progress
from fakes.hostile import Behaviour, Hostile, answer, drips, floods, hostile, says, silent
from fakes.s3 import FakeS3, serving

URI = "s3://datasets/lawn"
KEY = NamespacedName("default", "lawn")
BRIEF = Limits(seconds=0.3, answer_bytes=MEBIBYTE, requests=20)
UNTIL_STOPPED = Limits(seconds=3600, answer_bytes=MEBIBYTE, requests=20)
EMPTY = b"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"


def limited(limits: Limits) -> ReadLimits:
    return ReadLimits(limits, limits)


def access(endpoint: str) -> Access:
    return Access(replace(given.place(), endpoint=endpoint), Credentials("key", "hush"))


def dataset(endpoint: str, limits: Limits = BRIEF) -> DatasetSeen | Failure:
    async def scene() -> DatasetSeen | Failure:
        async with storage(limits) as read:
            return await read.dataset(access(endpoint), URI)

    return asyncio.run(scene())


@asynccontextmanager
async def storage(limits: Limits = BRIEF, lanes: Lanes | None = None) -> AsyncIterator[Storage]:
    made = Storage(limits=limited(limits), lanes=lanes)
    try:
        yield made
    finally:
        made.close()


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


def test_four_endpoints_that_never_answer_stop_nobody_else(s3: FakeS3) -> None:
    """Each with more readers than the pool once had threads."""

    async def scene(endpoints: list[Hostile]) -> DatasetSeen | Failure:
        async with storage(UNTIL_STOPPED) as read:
            stuck = [
                asyncio.ensure_future(
                    read.dataset(access(slow.endpoint), f"{URI}-{number}")
                    if number % 2
                    else read.progress(access(slow.endpoint), KEY, f"run{number}")
                )
                for slow in endpoints
                for number in range(20)
            ]
            for slow in endpoints:
                await asyncio.to_thread(slow.asked.wait)
            found = await read.dataset(access(s3.endpoint), URI)
            for task in stuck:
                task.cancel()
            await asyncio.wait(stuck)
            return found

    with ExitStack() as stack:
        endpoints = [stack.enter_context(hostile(silent)) for _ in range(4)]
        found = asyncio.run(scene(endpoints))
    assert isinstance(found, DatasetSeen)


def test_long_listings_of_an_endpoint_do_not_hold_up_its_short_reads() -> None:
    async def scene(endpoint: Hostile) -> Progress:
        lanes = Lanes(places=lambda kind: 1)
        async with storage(UNTIL_STOPPED, lanes) as read:
            stuck = asyncio.create_task(read.dataset(access(endpoint.endpoint), URI))
            await asyncio.to_thread(endpoint.asked.wait)
            endpoint.behaviour = says(answer(b'{"state": "running"}'))
            found = await read.progress(access(endpoint.endpoint), KEY, "run1")
            stuck.cancel()
            return found

    with hostile(silent) as endpoint:
        assert asyncio.run(scene(endpoint)).state == "running"


def test_who_finds_every_place_taken_is_told_so() -> None:
    async def scene(endpoint: Hostile) -> DatasetSeen | Failure:
        lanes = Lanes(places=lambda kind: 1, slot_seconds=0.01)
        async with storage(UNTIL_STOPPED, lanes) as read:
            stuck = asyncio.create_task(read.dataset(access(endpoint.endpoint), URI))
            await asyncio.to_thread(endpoint.asked.wait)
            found = await read.dataset(access(endpoint.endpoint), f"{URI}2")
            stuck.cancel()
            return found

    with hostile(silent) as endpoint:
        found = asyncio.run(scene(endpoint))
    assert isinstance(found, Failure)
    assert "all 1 places for reads of it are taken" in found.message


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_silent_endpoint_is_left_alone_and_asked_again_later(s3: FakeS3) -> None:
    clock = Clock()

    async def ask(read: Storage, number: int) -> DatasetSeen | Failure:
        return await read.dataset(access(endpoint.endpoint), f"{URI}{number}")

    async def scene() -> None:
        async with storage(BRIEF, Lanes(clock)) as read:
            said = [await ask(read, number) for number in range(4)]
            asked = len(endpoint.requests)
            assert said[2] == said[3], "one text, whether it was asked or not"
            assert isinstance(said[3], Failure)
            assert said[3].reason is Reason.STORAGE_UNREACHABLE
            assert said[3].message.endswith("no whole answer within 0 s")
            await ask(read, 5)
            assert len(endpoint.requests) == asked
            other = replace(access(endpoint.endpoint), credentials=Credentials("other", "key"))
            await read.dataset(other, URI)
            assert len(endpoint.requests) > asked, "who comes with other keys asks for himself"
            endpoint.behaviour = says(answer(EMPTY))
            clock.now += 5
            found = await ask(read, 6)
            assert isinstance(found, Failure)
            assert found.reason is Reason.DATASET_EMPTY

    with hostile(silent) as endpoint:
        asyncio.run(scene())


def test_an_endpoint_that_refuses_is_there(s3: FakeS3) -> None:
    async def scene() -> None:
        async with storage(replace(BRIEF, seconds=60)) as read:
            s3.refuses = "AccessDenied"
            for number in range(5):
                await read.dataset(access(s3.endpoint), f"{URI}{number}")
            s3.refuses = None
            assert isinstance(await read.dataset(access(s3.endpoint), URI), DatasetSeen)

    asyncio.run(scene())


def test_the_event_loops_own_threads_are_left_to_others(s3: FakeS3) -> None:
    async def scene() -> set[str]:
        used: set[str] = set()
        async with storage(replace(BRIEF, seconds=60)) as read:
            await read.dataset(access(s3.endpoint), URI)
            loop = asyncio.get_running_loop()
            used.add(str(getattr(loop, "_default_executor", "?")))
        return used

    assert asyncio.run(scene()) == {"None"}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param(
            answer(
                b"<Error><Code>SlowDown</Code><Message>&lt;b&gt;wait\n\x0bnow&lt;/b&gt; "
                b"token=abc</Message></Error>".replace(b"\x0b", b"\t"),
                "503 Busy",
            ),
            "answers SlowDown: wait now token=***",
            id="an error's message",
        ),
        pytest.param(
            answer(b"<Error><Code>a b\nc</Code><Message/></Error>", "400 No"),
            "answers an error without a code",
            id="a code that is none",
        ),
        pytest.param(
            answer(b"<html>secret page</html>", "502 Bad Gateway", "text/html"),
            "does not answer as an S3 endpoint does: HTTP 502 with text/html",
            id="a proxy's page",
        ),
        pytest.param(
            answer(b"<html>secret page</html>", "200 OK", "text/html"),
            "what it sends is no XML of S3",
            id="a page for an answer",
        ),
    ],
)
def test_an_endpoints_words_are_cut_and_cleaned(said: bytes, shown: str) -> None:
    with hostile(says(said)) as endpoint:
        found = dataset(endpoint.endpoint, replace(BRIEF, seconds=60))
    assert isinstance(found, Failure)
    assert found.message.endswith(shown)
