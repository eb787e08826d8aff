"""Keys that are lent to a ServiceAccount end, and whoever uses them goes on, at a real MinIO."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import urllib3
from dandelion_inference.errors import LoadError
from dandelion_inference.model.store import S3Store as ServedStore
from dandelion_inference.ports.settings import Settings
from dandelion_inference.ports.storage import S3Writer, StorageError
from dandelion_operator.ports.s3.connection.client import client
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.identity import OperatorIdentity
from dandelion_training.ports.storage import Location, s3
from minio.datatypes import Object
from minio.error import S3Error

from tests.keys.accounts.conftest import Made
from tests.keys.accounts.given import LIFE, installation, lent
from tests.keys.accounts.issuer import Issuer
from tests.keys.given import place
from tests.keys.minio import Store

# More than the life of a key, and less than that of two.
LONG = LIFE + 3
# A key is taken for the last time when so many seconds of its life are left, or more.
LEFT = 0.5

T = TypeVar("T")


def for_long() -> Iterator[int]:
    """Numbers, until every key of the beginning has ended."""
    end, number = time.monotonic() + LONG, 0
    while time.monotonic() < end:
        yield number
        number += 1
        time.sleep(0.25)


def unless_the_machine_stood_still(call: Callable[[], T]) -> T:
    """Of a client that signs and leaves it to its caller to try again: a request that is held up
    for longer than what is left of its key when that is taken is refused, and the next is not."""
    began = time.monotonic()
    try:
        return call()
    except (StorageError, LoadError, S3Error):
        if time.monotonic() - began < LEFT:
            raise
    return call()


def lent_briefly(issuer: Issuer, store: Store) -> dict[str, str]:
    """For longer where the machine is too slow to come in time to ask for it."""
    for seconds in (3, 12, 48):
        with suppress(httpx.HTTPStatusError):
            return lent(issuer, store, "training", seconds)
    raise AssertionError("no token is taken")


def test_a_key_that_is_lent_ends(issuer: Issuer, trusting: Store) -> None:
    def listed(found: dict[str, str]) -> list[Object]:
        key = Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"])
        return list(client(place(trusting), key).list_objects("models", prefix="team-a/"))

    brief, other = lent_briefly(issuer, trusting), lent(issuer, trusting, "training", 3600)
    end = datetime.fromisoformat(brief["Expiration"]).timestamp()
    time.sleep(max(0.0, end - time.time()) + 1)
    with pytest.raises(S3Error) as refused:
        listed(brief)
    assert refused.value.code in s3.ENDED_CODES
    listed(other)  # all else is the same


def test_a_run_outlives_its_keys(
    trusting: Store, pod: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = pod("training")
    for name, value in given.environment.items():
        monkeypatch.setenv(name, value)
    store = s3.connect(trusting.url, "us-east-1", tmp_path / "none", "", attempts=1, pool=1)
    for number in for_long():
        written = Location.parse(f"s3://models/team-a/lawn/run/{number}")
        store.write(written, b"a checkpoint", "application/octet-stream")
        assert store.read(written) == b"a checkpoint"


def test_serving_reads_and_logs_with_the_keys_of_one_account(
    trusting: Store, pod: Made, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    given = pod("inference")
    for name, value in given.environment.items():
        monkeypatch.setenv(name, value)
    trusting.put("s3://models/team-a/lawn/run/weights")
    served = ServedStore(settings)
    writer = S3Writer(settings, urllib3.Timeout(60))
    wanted = set()
    for number in for_long():
        assert unless_the_machine_stood_still(
            lambda: b"".join(served.read("models", "team-a/lawn/run/weights"))
        )
        name = f"team-a/lawn/predictions/{number}"
        row = ("predictions", name, b"a row", "application/gzip")
        unless_the_machine_stood_still(partial(writer.write, *row))
        wanted.add(name)
    assert wanted <= trusting.names("predictions")


def test_the_operator_reads_with_what_is_lent_to_it(trusting: Store, pod: Made) -> None:
    given = pod("operator")
    trusting.put("s3://models/team-a/lawn/run/contract.json")
    seen = set()

    async def scene() -> None:
        identity = OperatorIdentity(installation(trusting), given.environment)
        first = await identity.credentials()
        for _ in for_long():
            found = await identity.credentials()
            assert isinstance(found, Credentials), found
            assert found == first  # what was read with one need not be read again with the next
            seen.add(found.access_key)
            began = time.monotonic()
            minio = client(place(trusting), found)
            try:
                assert minio.get_object("models", "team-a/lawn/run/contract.json").read()
            except S3Error:
                assert time.monotonic() - began >= LEFT
        identity.close()

    asyncio.run(scene())
    assert len(seen) >= 2
