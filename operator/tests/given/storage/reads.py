"""Short ways to read from an endpoint within narrow limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import given
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.connection.budget import MEBIBYTE, Limits
from dandelion_operator.ports.s3.connection.lanes import Lanes
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.ports.s3.storage.limits import ReadLimits
from dandelion_operator.seen.training import DatasetSeen

URI = "s3://datasets/lawn"
KEY = NamespacedName("default", "lawn")
BRIEF = Limits(seconds=0.3, answer_bytes=MEBIBYTE, requests=20)
UNTIL_STOPPED = Limits(seconds=3600, answer_bytes=MEBIBYTE, requests=20)


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
