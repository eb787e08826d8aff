"""An MLflow in trouble is asked again at once, a few times, where asking twice does no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from dandelion_operator.ports.fence import Fence, NotLeadingError
from dandelion_operator.ports.registry import Registry, RegistryError


class InTrouble:
    """Answers with these statuses, one a request, and counts the requests."""

    def __init__(self, *statuses: int, loses_the_lease: bool = False) -> None:
        self.loses_the_lease = loses_the_lease
        self.statuses: Iterator[int] = iter(statuses)
        self.asked = 0
        self.fence = Fence()
        self.fence.open_until(float("inf"))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.loses_the_lease:
            self.fence.close()
        return httpx.Response(next(self.statuses), json={})

    @property
    def registry(self) -> Registry:
        transport = httpx.MockTransport(self.handle)
        http = httpx.AsyncClient(base_url="http://mlflow", transport=transport, verify=False)
        return Registry(http, self.fence)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_write_gets_through_two_bad_answers(status: int) -> None:
    trouble = InTrouble(status, status, 200)
    asyncio.run(trouble.registry.set_alias("default.lawn", "champion", 3))
    assert trouble.asked == 3


def test_three_bad_answers_are_told() -> None:
    trouble = InTrouble(500, 500, 500, 200)
    with pytest.raises(RegistryError, match="HTTP 500"):
        asyncio.run(trouble.registry.set_alias("default.lawn", "champion", 3))


def test_what_is_refused_is_not_asked_again() -> None:
    trouble = InTrouble(403, 200)
    with pytest.raises(RegistryError, match="HTTP 403"):
        asyncio.run(trouble.registry.set_alias("default.lawn", "champion", 3))
    assert trouble.asked == 1


def test_a_version_is_never_registered_twice() -> None:
    trouble = InTrouble(500, 200)
    with pytest.raises(RegistryError, match="HTTP 500"):
        asyncio.run(trouble.registry.register("default.lawn", "s3://models/x", {}))
    assert trouble.asked == 1


def test_whoever_lost_the_lease_meanwhile_writes_no_more() -> None:
    trouble = InTrouble(500, 200, loses_the_lease=True)
    with pytest.raises(NotLeadingError):
        asyncio.run(trouble.registry.set_alias("default.lawn", "champion", 3))
    assert trouble.asked == 1
