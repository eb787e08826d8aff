"""What answers in place of an OpenID Connect provider, with keys of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ISSUER = "https://sso.example.com/garden"
CLIENT = "console"
NOW = 1_800_000_000


def key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name})


@dataclass
class FakeProvider:
    """`metadata` and `answer` replace what it would say; `token` is the ID token that it gives.

    `more_keys` are published beside its own.
    """

    keys: list[RSAKey] = field(default_factory=lambda: [key("first")])
    more_keys: list[Any] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    answer: httpx.Response | None = None
    token: str = ""
    requests: list[httpx.Request] = field(default_factory=list)

    def sign(self, nonce: str | None, by: RSAKey | None = None, **claims: Any) -> str:
        signer = by or self.keys[0]
        usual = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "1",
            "nonce": nonce,
            "iat": NOW,
            "exp": NOW + 600,
        }
        return jwt.encode({"alg": "RS256", "kid": signer.kid}, usual | claims, signer)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answered))

    def _answered(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/garden")
        if path == "/.well-known/openid-configuration":
            said = {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
            }
            return httpx.Response(200, json=said | self.metadata)
        if path == "/keys":
            known = KeySet(list(self.keys)).as_dict(private=False)["keys"]
            return httpx.Response(200, json={"keys": [*self.more_keys, *known]})
        return self.answer or httpx.Response(200, json={"id_token": self.token})
