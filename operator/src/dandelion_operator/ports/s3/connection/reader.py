"""One read of an endpoint: with whose keys, by which client, and in its turn in a lane.

Used by `storage`, which knows what there is to be read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from minio import Minio

from dandelion_operator.api.location import Location
from dandelion_operator.ports.s3.connection.budget import Limits
from dandelion_operator.ports.s3.connection.client import client
from dandelion_operator.ports.s3.connection.lanes import Kind, Lanes
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.memory import Memory

# Each holds connections.
REMEMBERED_CLIENTS = 128

Found = TypeVar("Found")


@dataclass(frozen=True)
class Access:
    """Where to read and with which keys."""

    location: Location
    credentials: Credentials

    @property
    def identity(self) -> tuple[str, ...]:
        place = self.location
        return (place.endpoint, place.region, place.ca_bundle, self.credentials.fingerprint)


class Reader:
    def __init__(self, lanes: Lanes | None = None) -> None:
        self._lanes = lanes or Lanes()
        self._making_client = threading.Lock()
        self._clients = Memory[Minio](REMEMBERED_CLIENTS)

    async def read(
        self, access: Access, kind: Kind, limits: Limits, work: Callable[[], Found]
    ) -> Found:
        """What `work` returns or raises, in a thread; raises SpentError and OpenError."""
        host = urlsplit(access.location.endpoint).netloc
        return await self._lanes.read(host, access.identity, kind, limits, work)

    def document(self, access: Access, bucket: str, name: str) -> bytes:
        """Not by a range: what is larger than the bound must not look like a part of itself."""
        return self.client(access).get_object(bucket, name).read()

    def client(self, access: Access) -> Minio:
        with self._making_client:
            found = self._clients.get(access.identity)
            if found is None:
                found = client(access.location, access.credentials)
                self._clients.put(access.identity, found)
            return found

    def close(self) -> None:
        self._lanes.close()
