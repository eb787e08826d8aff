"""Tokens that an API server signed and kubectl would not make."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.api.server import ApiServer

ISSUER = "https://kubernetes.default.svc"


def expired(api: ApiServer, namespace: str, account: str, audience: str = ISSUER) -> str:
    """Of a ServiceAccount, and ended an hour ago."""
    uid = api.get("serviceaccount", account, "-n", namespace)["metadata"]["uid"]
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": [audience],
        "sub": f"system:serviceaccount:{namespace}:{account}",
        "iat": now - 7200,
        "nbf": now - 7200,
        "exp": now - 3600,
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {"name": account, "uid": uid},
        },
    }
    pem = (api.folder / "accounts.key").read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_base64(signature)}"


def await_end(api: ApiServer, token: str, audience: str = ISSUER) -> None:
    """Until the API server knows that the object is gone which the token was bound to: it reads of
    Secrets from a watch, and remembers for ten seconds whose a token is."""
    asked = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, "audiences": [audience]},
    }
    deadline = time.monotonic() + 60
    while True:
        said = api.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(asked))
        if not json.loads(said)["status"].get("authenticated"):
            return
        assert time.monotonic() < deadline, "a token that was withdrawn still holds"
        time.sleep(0.5)


def _part(content: dict[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
