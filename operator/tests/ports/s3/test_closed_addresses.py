"""An endpoint of somebody's own that leads where the operator does not go is not connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import pytest
from dandelion_operator.api.access.endpoints import Endpoints
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.seen.training import DatasetSeen
from fakes.s3 import FakeS3

MINE = Credentials("key", "secret")


def listed(endpoint: str, endpoints: Endpoints | None) -> DatasetSeen | Failure:
    place = Location(
        endpoint=endpoint,
        region="us-east-1",
        bucket="models",
        ca_bundle="",
        training_secret="mine",
        inference_secret="mine",
        brings_own_keys=True,
        endpoints=endpoints,
    )
    storage = Storage()
    try:
        return asyncio.run(storage.dataset(Access(place, MINE), "s3://datasets/lawn"))
    finally:
        storage.close()


def test_a_loopback_address_is_refused_and_not_asked(s3: FakeS3) -> None:
    found = listed(s3.endpoint, Endpoints())
    assert isinstance(found, Failure)
    assert found.reason is Reason.STORAGE_UNREACHABLE
    assert "is a loopback address" in found.message
    assert "tenancy.endpoints" in found.message
    assert s3.requests == []


@pytest.mark.parametrize("endpoints", [None, Endpoints(allowed=("127.0.0.0/8",))])
def test_the_installations_own_and_what_it_allows_are_asked(
    s3: FakeS3, endpoints: Endpoints | None
) -> None:
    listed(s3.endpoint, endpoints)
    assert s3.requests != []


def test_a_name_is_judged_by_what_it_resolves_to_when_it_is_connected_to(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(s3.endpoint.rpartition(":")[2])
    resolved: list[str] = []

    def rebound(host: str, *about: Any, **more: Any) -> Sequence[Any]:
        resolved.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    found = listed(f"http://innocent.example.com:{port}", Endpoints())
    assert isinstance(found, Failure)
    assert "127.0.0.1 is a loopback address" in found.message
    assert resolved == ["innocent.example.com"]
    assert s3.requests == []
