"""Requests to the API server, with the person's own token: what they may do, it knows.

Who has none, since an identity provider vouches for them that the cluster does not know, is asked
about first (`cluster.people`), and then read for by the console's own account. Nothing of a
browser's request is passed on but what it was made of here: no header, no path that was not put
together from checked names.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from dandelion_console.ports.account import Account, AccountError
from dandelion_console.ports.session import Person

TIMEOUT = httpx.Timeout(15, connect=3)
LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16)
# Of one answer; etcd holds a resource to 1.5 MiB. With the connections above it bounds what answers
# take of the memory here, whatever somebody writes into theirs.
ANSWER_BYTES = 2 * 1024 * 1024
MERGE_PATCH = "application/merge-patch+json"
MANAGER = "dandelion-console"


class ApiError(Exception):
    """The API server said no; `message` is what it said."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


class TokenRefusedError(ApiError):
    """401: the token is wrong, has expired, or is not meant for the API server."""


class UnreachableError(Exception):
    """There was no answer, or none of an API server."""


class TooLargeError(UnreachableError):
    """The answer was longer than is read here."""


class ApiServer:
    def __init__(self, http: httpx.AsyncClient, account: Account | None = None) -> None:
        """`account`: the console's own, for what is asked on behalf of who has no token."""
        self._http = http
        self._account = account

    def account(self) -> Person:
        """Raises AccountError."""
        if self._account is None:
            raise AccountError("this console has no account")
        return self._account.caller()

    async def get(
        self, person: Person, path: str, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return await self._ask(person, "GET", path, query or {})

    async def create(self, person: Person, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._ask(person, "POST", path, {}, body)

    async def patch(self, person: Person, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A merge patch, told as this program's in `metadata.managedFields`."""
        return await self._ask(person, "PATCH", path, {"fieldManager": MANAGER}, body, MERGE_PATCH)

    async def close(self) -> None:
        await self._http.aclose()

    async def _ask(
        self,
        person: Person,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        media_type: str = "application/json",
    ) -> dict[str, Any]:
        """Raises TokenRefusedError, ApiError and UnreachableError."""
        if person.token is None:
            raise ApiError(403, "Forbidden", f"{person.name} has no token of this cluster.")
        headers = {"Authorization": f"Bearer {person.token}", "Accept": "application/json"}
        content: bytes | None = None
        if body is not None:
            headers["Content-Type"] = media_type
            content = json.dumps(body).encode()
        try:
            async with self._http.stream(
                method, path, params=query, headers=headers, content=content
            ) as answer:
                read = await _bounded(answer)
        except httpx.HTTPError as error:
            # Its text may hold an address, never a header or a body.
            raise UnreachableError(f"{type(error).__name__}: {error}") from error
        try:
            return _understood(answer, read)
        except TokenRefusedError as error:
            if self._account and person == self._account.caller():
                raise AccountError("the API server does not accept its token") from error
            raise


async def _bounded(answer: httpx.Response) -> bytes:
    read = bytearray()
    async for chunk in answer.aiter_bytes():
        read += chunk
        if len(read) > ANSWER_BYTES:
            raise TooLargeError(f"an answer is longer than {ANSWER_BYTES} bytes")
    return bytes(read)


def _understood(answer: httpx.Response, read: bytes) -> dict[str, Any]:
    content = _document(read)
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        raise TokenRefusedError(401, "Unauthorized", _said(content) or "Unauthorized")
    if answer.is_error:
        reason = str((content or {}).get("reason") or HTTPStatus(answer.status_code).phrase)
        raise ApiError(answer.status_code, reason, _said(content) or reason)
    if content is None or not answer.is_success:
        raise UnreachableError(f"what answered with {answer.status_code} is no API server")
    return content


def _document(read: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(read)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _said(content: Mapping[str, Any] | None) -> str:
    return str((content or {}).get("message") or "")


def connect(address: str, ca_file: Path, account: Account) -> ApiServer:
    """Raises OSError and ssl.SSLError where the certificates cannot be read."""
    trusted = ssl.create_default_context(cafile=str(ca_file))
    return ApiServer(
        httpx.AsyncClient(
            base_url=address,
            verify=trusted,
            timeout=TIMEOUT,
            limits=LIMITS,
            # Unpacked, a few bytes have no bound.
            headers={"Accept-Encoding": "identity"},
            trust_env=False,
            follow_redirects=False,
        ),
        account,
    )
