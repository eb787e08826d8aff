"""The authorization code flow with PKCE (RFC 6749, RFC 7636, OpenID Connect Core 1.0, section 3.1).

A login begins here with three secrets that only the person's browser keeps, encrypted: the state,
which the way back has to bring; the nonce, which the ID token has to hold; and the verifier,
without which a code is worth nothing.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from dandelion_console.ports.oidc import Oidc
from dandelion_console.provider.claims import Identity, identity
from dandelion_console.provider.discovery import Discovery, Metadata, ProviderError, document

# By keys of which the provider alone has the secret half.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
LEEWAY_SECONDS = 30


@dataclass(frozen=True)
class Begun:
    """A login under way. `onwards` is the page that it is for."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    onwards: str


@dataclass(frozen=True)
class Vouched:
    """`token` is the ID token, `until` when it ends, in seconds since 1970."""

    identity: Identity
    token: str = field(repr=False)
    until: float


class Provider:
    def __init__(self, settings: Oidc, http: httpx.AsyncClient, now: Callable[[], float]) -> None:
        """`now` is in seconds since 1970."""
        self.settings = settings
        self._http = http
        self._now = now
        self._discovery = Discovery(http, settings.issuer, now)

    async def close(self) -> None:
        await self._http.aclose()

    async def begin(self, onwards: str, way_back: str) -> tuple[Begun, str]:
        """What the browser keeps, and the address at the provider; raises ProviderError."""
        metadata = await self._discovery.metadata()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = Begun(state, nonce, verifier, onwards)
        challenge = hashlib.sha256(begun.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": way_back,
            "scope": self.settings.scope,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return begun, f"{metadata.authorization_endpoint}{joint}{urlencode(query)}"

    async def finish(self, begun: Begun, code: str, way_back: str) -> Vouched:
        """Raises ProviderError and ClaimError."""
        metadata = await self._discovery.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": way_back,
            "code_verifier": begun.verifier,
        }
        sent = self._as_client(metadata, form)
        answer = await document(self._http, metadata.token_endpoint, **sent)
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise ProviderError(f"{metadata.token_endpoint} gave no ID token")
        claims = await self.verified(token, begun.nonce)
        return Vouched(identity(self.settings, claims), token, float(claims["exp"]))

    async def verified(self, token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token that is the provider's, for this console and this login; raises
        ProviderError.
        """
        try:
            try:
                claims = _signed(token, await self._discovery.keys())
            except InvalidKeyIdError:
                claims = _signed(token, await self._discovery.keys(again=True))
            self._registry(nonce).validate(claims)
        except (JoseError, ValueError) as error:
            raise ProviderError(f"the ID token is not to be believed: {error}") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.settings.client_id) != (
            self.settings.client_id
        ):
            raise ProviderError("the ID token was issued to another client (azp)")
        return claims

    def _registry(self, nonce: str) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            lambda: int(self._now()),
            LEEWAY_SECONDS,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )

    def _as_client(self, metadata: Metadata, form: dict[str, str]) -> dict[str, Any]:
        """As the provider takes it, with the secret as it is now; raises ProviderError."""
        client = self.settings.client_id
        try:
            secret = self.settings.secret()
        except OSError as error:
            raise ProviderError(f"cannot read the client's secret: {error.strerror}") from error
        if not secret:
            return {"form": form | {"client_id": client}}
        if "client_secret_post" in metadata.token_endpoint_auth_methods_supported:
            return {"form": form | {"client_id": client, "client_secret": secret}}
        # RFC 6749, section 2.3.1: both are encoded as in a form first.
        return {"form": form, "auth": (quote(client, safe=""), quote(secret, safe=""))}


def _signed(token: str, keys: Any) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    return claims
