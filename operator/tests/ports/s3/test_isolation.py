"""Reads of an endpoint that does not answer take nothing from the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.connection.lanes import Lanes
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.seen.training import DatasetSeen, Progress
from fakes.hostile import Hostile, answer, hostile, says, silent
from fakes.s3 import FakeS3, serving
from given.storage.reads import BRIEF, KEY, UNTIL_STOPPED, URI, access, storage

EMPTY = b"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>"


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with serving() as healthy:
        healthy.put("datasets", "lawn/grass/1.png")
        yield healthy


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
        lanes = Lanes(clock)
        # What is to be answered has time to be, however busy the processors are.
        patience = replace(BRIEF, seconds=60)
        async with storage(BRIEF, lanes) as read, storage(patience, lanes) as patient:
            said = [await ask(read, number) for number in range(4)]
            assert said[2] == said[3], "one text, whether it was asked or not"
            assert isinstance(said[3], Failure)
            assert said[3].reason is Reason.STORAGE_UNREACHABLE
            assert said[3].message.endswith("no whole answer within 0 s")
            endpoint.behaviour = says(answer(EMPTY))
            assert await ask(patient, 5) == said[3], "left alone, whoever could answer by now"
            other = replace(access(endpoint.endpoint), credentials=Credentials("other", "key"))
            found = await patient.dataset(other, URI)
            assert isinstance(found, Failure)
            assert found.reason is Reason.DATASET_EMPTY, "other keys ask for themselves"
            assert await ask(patient, 6) == said[3]
            clock.now += 5
            found = await ask(patient, 7)
            assert isinstance(found, Failure)
            assert found.reason is Reason.DATASET_EMPTY
        asked = b"".join(endpoint.requests)
        assert b"5%2F" not in asked
        assert b"6%2F" not in asked
        assert b"7%2F" in asked

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
