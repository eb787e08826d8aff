"""What a provider says of itself: where it is asked, and by which keys its signatures are known.

Both are read when they are needed and kept for a while; a key that is not known yet is looked for
again, but not at every token that somebody invents.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
from joserfc.errors import JoseError, MissingKeyError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

KEPT_SECONDS = 3600.0
AGAIN_SECONDS = 10.0
DOCUMENT_BYTES = 512 * 1024
TIMEOUT = httpx.Timeout(10, connect=5)


class ProviderError(Exception):
    """The provider cannot be asked, or says something that is none of its; the cause, for a log."""


class Metadata(BaseModel):
    """OpenID Connect Discovery 1.0, section 3."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Discovery:
    def __init__(self, http: httpx.AsyncClient, issuer: str, now: Callable[[], float]) -> None:
        """`now` is in seconds."""
        self._http = http
        self._issuer = issuer
        self._now = now
        self._metadata: Metadata | None = None
        self._metadata_until = 0.0
        self._keys: KeySet | None = None
        self._keys_from = 0.0

    async def metadata(self) -> Metadata:
        """Raises ProviderError."""
        if self._metadata is None or self._now() >= self._metadata_until:
            address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                found = Metadata.model_validate(await document(self._http, address))
            except ValidationError as error:
                raise ProviderError(f"{address} is no description of a provider") from error
            if found.issuer != self._issuer:
                raise ProviderError(f"{address} is about the issuer {found.issuer!r}")
            for endpoint in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                if not endpoint.startswith("https://"):
                    raise ProviderError(f"{address} leads to {endpoint}, which is not https")
            self._metadata, self._metadata_until = found, self._now() + KEPT_SECONDS
        return self._metadata

    async def keys(self, again: bool = False) -> KeySet:
        """`again`: one was not among them. Raises ProviderError."""
        age = self._now() - self._keys_from
        if self._keys is None or age >= KEPT_SECONDS or (again and age >= AGAIN_SECONDS):
            address = (await self.metadata()).jwks_uri
            found = await document(self._http, address)
            try:
                self._keys, self._keys_from = _known(found["keys"]), self._now()
            except (JoseError, KeyError, TypeError) as error:
                raise ProviderError(f"{address} holds no keys") from error
        return self._keys


def _known(keys: Iterable[Any]) -> KeySet:
    """Of keys, those of a kind that is known here: a provider may have others besides (RFC 7517,
    section 5). Raises JoseError where there is none.
    """
    known = []
    for each in keys:
        try:
            known += KeySet.import_key_set({"keys": [each]}).keys
        except (JoseError, ValueError, KeyError, TypeError):
            continue
    if not known:
        raise MissingKeyError
    return KeySet(known)


async def document(
    http: httpx.AsyncClient, address: str, form: dict[str, str] | None = None, **options: Any
) -> Any:
    """JSON of bounded size, to a form if there is one; raises ProviderError.

    The error holds nothing of the form, and of the answer what OAuth says of an error.
    """
    try:
        async with http.stream("POST" if form else "GET", address, data=form, **options) as answer:
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > DOCUMENT_BYTES:
                    raise ProviderError(f"{address} answered without end")
            read = httpx.Response(answer.status_code, content=bytes(content)).json()
    except httpx.HTTPError as error:
        raise ProviderError(f"{address}: {type(error).__name__}: {error}") from error
    except ValueError as error:
        raise ProviderError(f"{address} answered with what is no JSON") from error
    if answer.is_error or not answer.is_success:
        said = read.get("error") if isinstance(read, dict) else None
        raise ProviderError(f"{address} answered with {answer.status_code} {str(said)[:100]}")
    return read


def connection(ca_file: Path | None) -> httpx.AsyncClient:
    """`ca_file`: PEM certificates in place of the system's; raises OSError and ssl.SSLError."""
    trusted = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    return httpx.AsyncClient(
        verify=trusted, timeout=TIMEOUT, trust_env=False, follow_redirects=False
    )
