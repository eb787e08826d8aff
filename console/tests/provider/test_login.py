"""What the provider is sent, and which of its tokens is believed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from dandelion_console.ports.oidc import Oidc
from dandelion_console.provider.discovery import ProviderError
from dandelion_console.provider.login import Begun, Provider, Vouched
from fakes.provider import CLIENT, ISSUER, NOW, FakeProvider, key

BACK = "https://console.example.com/login/oidc/return"
BEGUN = Begun("state", "nonce", "verifier", "/")


@pytest.fixture
def there() -> FakeProvider:
    made = FakeProvider()
    made.token = made.sign("nonce")
    return made


def provider(there: FakeProvider, **more: Any) -> Provider:
    said = {"issuer": ISSUER, "client_id": CLIENT} | more
    return Provider(Oidc.model_validate(said), there.client(), lambda: NOW)


def finished(there: FakeProvider, **more: Any) -> Vouched:
    return asyncio.run(provider(there, **more).finish(BEGUN, "the-code", BACK))


def test_the_provider_is_sent_secrets_only_by_their_digest(there: FakeProvider) -> None:
    asked = provider(there, scopes="email openid groups")
    begun, address = asyncio.run(asked.begin("/models", BACK))
    assert address.startswith(f"{ISSUER}/authorize?")
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    digest = hashlib.sha256(begun.verifier.encode()).digest()
    assert query == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": BACK,
        "scope": "openid email groups",
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    again, _ = asyncio.run(asked.begin("/models", BACK))
    assert not {begun.state, begun.nonce, begun.verifier} & {
        *(again.state, again.nonce, again.verifier)
    }
    assert begun.state not in repr(begun)
    assert begun.verifier not in repr(begun)


def test_a_code_becomes_whom_the_provider_vouches_for(there: FakeProvider) -> None:
    vouched = finished(there)
    assert (vouched.identity.username, vouched.until) == (f"{ISSUER}#1", NOW + 600)
    form = parse_qs(there.requests[1].content.decode())
    assert form == {
        "grant_type": ["authorization_code"],
        "code": ["the-code"],
        "redirect_uri": [BACK],
        "code_verifier": ["verifier"],
        "client_id": [CLIENT],
    }


@pytest.mark.parametrize(
    ("methods", "by_header"),
    [
        (None, True),
        (["client_secret_basic"], True),
        (["client_secret_post", "client_secret_basic"], False),
    ],
)
def test_the_clients_secret_goes_as_the_provider_takes_it(
    there: FakeProvider, tmp_path: Path, methods: list[str] | None, by_header: bool
) -> None:
    there.metadata = {"token_endpoint_auth_methods_supported": methods} if methods else {}
    (tmp_path / "secret").write_text("a secret/with+signs\n")
    finished(there, client_secret_file=tmp_path / "secret")
    request = there.requests[1]
    if by_header:
        sent = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        assert sent == f"{CLIENT}:a%20secret%2Fwith%2Bsigns"
        assert b"secret" not in request.content
    else:
        assert parse_qs(request.content.decode())["client_secret"] == ["a secret/with+signs"]
        assert "authorization" not in request.headers


def by_hand(algorithm: str, secret: bytes | None) -> str:
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "1", "nonce": "nonce", "exp": NOW + 600}
    parts = [json.dumps(part).encode() for part in ({"alg": algorithm, "kid": "first"}, claims)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.digest(secret, signed, "sha256") if secret is not None else b""
    return f"{signed.decode()}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


FORGED: dict[str, Any] = {
    "another issuer": lambda there: there.sign("nonce", iss="https://evil.example.com"),
    "another audience": lambda there: there.sign("nonce", aud="vault"),
    "several audiences and no party": lambda there: there.sign("nonce", aud=[CLIENT, "vault"]),
    "another party": lambda there: there.sign("nonce", azp="vault"),
    "ended": lambda there: there.sign("nonce", exp=NOW - 60),
    "no end": lambda there: there.sign("nonce", exp=None),
    "not yet": lambda there: there.sign("nonce", nbf=NOW + 600),
    "another nonce": lambda there: there.sign("of another login"),
    "no nonce": lambda there: there.sign(None),
    "signed by somebody else, under the key's name": lambda there: there.sign(
        "nonce", by=key("first")
    ),
    "signed by a key that nobody knows": lambda there: there.sign("nonce", by=key("other")),
    "signed with the public key, as if that were a secret": lambda there: by_hand(
        "HS256", there.keys[0].as_pem(private=False)
    ),
    "not signed": lambda there: by_hand("none", None),
    "no token": lambda there: "eyJ",
    "nothing": lambda there: "",
}


@pytest.mark.parametrize("case", FORGED)
def test_a_token_is_not_believed_that_is(there: FakeProvider, case: str) -> None:
    there.token = FORGED[case](there)
    with pytest.raises(ProviderError) as refused:
        finished(there)
    assert there.token not in str(refused.value) or not there.token


def test_a_key_that_is_new_is_looked_for_once(there: FakeProvider) -> None:
    asked = provider(there)

    async def finish() -> Vouched:
        return await asked.finish(BEGUN, "the-code", BACK)

    async def story() -> None:
        await finish()
        asked._discovery._keys_from -= 60
        there.keys = [key("second")]
        there.token = there.sign("nonce")
        assert (await finish()).until == NOW + 600
        read = [item.url.path for item in there.requests].count("/garden/keys")
        there.token = there.sign("nonce", by=key("third"))
        for _ in range(3):
            with pytest.raises(ProviderError):
                await finish()
        assert [item.url.path for item in there.requests].count("/garden/keys") == read

    asyncio.run(story())


UNKNOWN_KEYS: dict[str, Any] = {
    "a curve": {"kty": "EC", "crv": "P-999", "kid": "curve", "x": "AA", "y": "AA"},
    "no kind": {"kid": "bare"},
    "no key at all": "key",
}


@pytest.mark.parametrize("case", UNKNOWN_KEYS)
def test_a_key_that_nobody_understands_keeps_nobody_out(there: FakeProvider, case: str) -> None:
    there.more_keys = [UNKNOWN_KEYS[case]]
    assert finished(there).until == NOW + 600
    there.keys = []
    with pytest.raises(ProviderError):
        finished(there)


NO_PROVIDER: dict[str, dict[str, str]] = {
    "another issuer": {"issuer": "https://evil.example.com"},
    "keys without https": {"jwks_uri": "http://sso.example.com/keys"},
    "codes without https": {"token_endpoint": "http://sso.example.com/token"},
    "a login without https": {"authorization_endpoint": "javascript:alert(1)"},
}


@pytest.mark.parametrize("case", NO_PROVIDER)
def test_a_provider_is_not_believed_that_names(there: FakeProvider, case: str) -> None:
    there.metadata = dict(NO_PROVIDER[case])
    with pytest.raises(ProviderError):
        finished(there)


ANSWERS: dict[str, httpx.Response] = {
    "refuses": httpx.Response(400, json={"error": "invalid_grant"}),
    "is broken": httpx.Response(500, text="<html>"),
    "leads elsewhere": httpx.Response(302, headers={"location": "https://evil.example.com"}),
    "gives no ID token": httpx.Response(200, json={"access_token": "x"}),
    "gives a list": httpx.Response(200, json=[]),
    "goes on and on": httpx.Response(200, content=b" " * 1_000_000),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_nobody_comes_in_when_the_provider(there: FakeProvider, case: str) -> None:
    there.answer = ANSWERS[case]
    with pytest.raises(ProviderError) as refused:
        finished(there)
    assert "the-code" not in str(refused.value)
