"""Who lends the operator a key: STS, or EKS's agent, as an endpoint that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dandelion_operator.api.access.sts import Sts
from dandelion_operator.api.location import Defaults
from dandelion_operator.ports.s3.identity import OperatorIdentity

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
IRSA = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"}


def of_sts(ends: datetime) -> bytes:
    return f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA</AccessKeyId>
<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>{ends.isoformat()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>""".encode()


def of_agent(ends: datetime) -> bytes:
    key = {"AccessKeyId": "ASIA", "SecretAccessKey": "secret", "Token": "token"}
    return json.dumps(key | {"Expiration": ends.isoformat()}).encode()


class Endpoint:
    def __init__(self) -> None:
        self.url = ""
        self.status, self.content = 200, b""
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []  # path, form, authorization


def defaults(sts: str = "") -> Defaults:
    return Defaults("", "", "", "", "http://s3", "eu-west-3", "models", sts=Sts(endpoint=sts))


def irsa(endpoint: Endpoint, token: Path, now: Callable[[], datetime]) -> OperatorIdentity:
    environment = IRSA | {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}
    return OperatorIdentity(defaults(endpoint.url), environment, now)


def pod_identity(endpoint: Endpoint, token: Path, now: Callable[[], datetime]) -> OperatorIdentity:
    environment = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{endpoint.url}/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
    }
    return OperatorIdentity(defaults(), environment, now)


WAYS = pytest.mark.parametrize(
    ("way", "answer"), [(irsa, of_sts), (pod_identity, of_agent)], ids=["IRSA", "Pod Identity"]
)
Way = Callable[[Endpoint, Path, Callable[[], datetime]], OperatorIdentity]
Written = Callable[[datetime], bytes]
