"""How long the operator's key is used, and when it is asked for again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from dandelion_operator.api.reasons import Failure
from dandelion_operator.ports.s3.credentials import Credentials
from given.storage.identity import NOW, WAYS, Endpoint, Way, Written


@WAYS
def test_a_key_is_renewed_at_half_of_its_life_and_not_sooner(
    endpoint: Endpoint, token: Path, way: Way, answer: Written
) -> None:
    endpoint.content = answer(NOW + timedelta(hours=1))
    clock = [NOW]

    async def scene() -> None:
        identity = way(endpoint, token, lambda: clock[0])
        for minutes, asked in ((0, 1), (29, 1), (30, 2), (31, 2)):
            clock[0] = NOW + timedelta(minutes=minutes)
            assert isinstance(await identity.credentials(), Credentials)
            assert len(endpoint.asked) == asked
        # What an agent gives again is asked for less and less, and never all the time.
        await asyncio.gather(*(identity.credentials() for _ in range(50)))
        assert len(endpoint.asked) == 2

    asyncio.run(scene())


@WAYS
def test_a_key_serves_to_its_end_where_there_is_no_other(
    endpoint: Endpoint, token: Path, way: Way, answer: Written
) -> None:
    endpoint.content = answer(NOW + timedelta(hours=1))
    clock = [NOW]

    async def scene() -> None:
        identity = way(endpoint, token, lambda: clock[0])
        await identity.credentials()
        endpoint.status = 503
        clock[0] = NOW + timedelta(minutes=59)
        assert isinstance(await identity.credentials(), Credentials)
        clock[0] = NOW + timedelta(minutes=61)
        assert isinstance(await identity.credentials(), Failure)
        endpoint.status, endpoint.content = 200, answer(NOW + timedelta(hours=3))
        clock[0] = NOW + timedelta(minutes=62)
        assert isinstance(await identity.credentials(), Credentials)

    asyncio.run(scene())


def test_keys_of_one_holder_are_equal_and_no_others_are() -> None:
    first, second = (Credentials(name, "secret", "token", "the operator") for name in "ab")
    assert first == second
    assert hash(first) == hash(second)
    assert first.fingerprint != second.fingerprint
    assert Credentials("a", "secret") != Credentials("b", "secret")
    assert first != Credentials("a", "secret", "token")
