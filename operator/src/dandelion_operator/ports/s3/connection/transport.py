"""urllib3 with a budget: what minio sends its requests through.

Every answer is read here, in pieces and up to a bound, whatever its headers promise; nothing is
decompressed. A redirect is no answer, and an endpoint cannot make anybody wait with Retry-After.
Used by `client`.
"""

from __future__ import annotations

import socket
import ssl
from io import BytesIO
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError

from dandelion_operator.api.access.endpoints import Endpoints
from dandelion_operator.ports.s3.connection.budget import Budget, current

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
# A name may resolve to any number of addresses, each with a time-out of its own.
TRIED_ADDRESSES = 3
PIECE = 64 * 1024


class ClosedError(urllib3.exceptions.HTTPError):
    """The name leads where nobody is let on somebody's word; the message says where that is."""


class WatchedConnection(HTTPConnection):
    endpoints: Endpoints | None = None  # None: the installation's own, wherever it is

    def _new_conn(self) -> socket.socket:
        with current() as budget:
            sock = self._connected(budget)
            budget.watch(sock)
            return sock

    def _connected(self, budget: Budget) -> socket.socket:
        name = self._dns_host
        try:
            found = socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        addresses = [str(item[4][0]) for item in found[:TRIED_ADDRESSES]]
        for address in addresses:
            closed = self.endpoints.refusal(name, address) if self.endpoints is not None else None
            if closed is not None:
                raise ClosedError(
                    f"{address} is {closed}; whoever installed Dandelion may allow it in "
                    "tenancy.endpoints"
                )
        try:
            for address in addresses[:-1]:
                budget.check()
                self._dns_host = address
                try:
                    return super()._new_conn()
                except urllib3.exceptions.HTTPError:
                    continue
            budget.check()
            self._dns_host = addresses[-1]
            return super()._new_conn()
        finally:
            self._dns_host = name  # TLS verifies the name

    def request(self, *args: Any, **about: Any) -> None:
        if self.sock is not None:
            with current() as budget:
                budget.watch(self.sock)
        super().request(*args, **about)


class WatchedTLSConnection(WatchedConnection, HTTPSConnection):
    pass


class WatchedPool(HTTPConnectionPool):
    ConnectionCls = WatchedConnection


class WatchedTLSPool(HTTPSConnectionPool):
    ConnectionCls = WatchedTLSConnection


def _pools(wanted: Endpoints | None) -> dict[str, type[HTTPConnectionPool]]:
    """Of connections that look where they go, since that is only known once a name is resolved."""

    class Connection(WatchedConnection):
        endpoints = wanted

    class TLSConnection(WatchedTLSConnection):
        endpoints = wanted

    class Pool(WatchedPool):
        ConnectionCls = Connection

    class TLSPool(WatchedTLSPool):
        ConnectionCls = TLSConnection

    return {"http": Pool, "https": TLSPool}


class Transport(urllib3.PoolManager):
    def __init__(self, ca_bundle: str, endpoints: Endpoints | None = None) -> None:
        """Gives up soon: the loop comes back by itself, and says meanwhile what is wrong.

        `endpoints` says where it does not go.
        """
        context = ssl.create_default_context()
        if ca_bundle:
            context.load_verify_locations(cadata=ca_bundle)
        super().__init__(
            num_pools=2,
            maxsize=16,
            retries=urllib3.Retry(
                total=2, backoff_factor=0.2, redirect=0, respect_retry_after_header=False
            ),
            ssl_context=context,
        )
        self.pool_classes_by_scheme = _pools(endpoints)

    def urlopen(self, method: str, url: str, *args: Any, **about: Any) -> urllib3.HTTPResponse:
        """Raises SpentError."""
        with current() as budget:
            budget.request()
            wait = max(budget.remaining, 0.001)
            about["timeout"] = urllib3.Timeout(
                connect=min(CONNECT_SECONDS, wait), read=min(READ_SECONDS, wait)
            )
            about["preload_content"] = False
            response = super().urlopen(method, url, *args, **about)
            try:
                content = _read(response, method, budget)
            except BaseException:
                response.close()
                raise
            response.release_conn()
            budget.answered += 1
        return urllib3.HTTPResponse(
            BytesIO(content),
            headers=response.headers,
            status=response.status,
            reason=response.reason,
            preload_content=False,
            decode_content=False,
            enforce_content_length=False,
            request_method=method,
        )


def _read(response: urllib3.BaseHTTPResponse, method: str, budget: Budget) -> bytes:
    if method == "HEAD":
        return b""
    length = response.headers.get("Content-Length", "")
    if length.isdecimal():
        budget.fits(int(length))
    content = bytearray()
    while piece := response.read1(PIECE, decode_content=False):
        content += piece
        budget.fits(len(content))
        budget.check()
    budget.check()
    budget.is_short(content)
    return bytes(content)
