"""Where the operator asks for a key, and how its token gets there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.identity import Agent, IdentityError, WebIdentity, source
from given.storage.identity import IRSA, NOW, TOKEN, WAYS, Endpoint, Way, Written, irsa

AGENT = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token",
}


@pytest.mark.parametrize(
    ("environment", "sts", "wanted"),
    [
        pytest.param(
            IRSA,
            "",
            WebIdentity(
                "https://sts.eu-west-3.amazonaws.com",
                Path("/token"),
                "arn:aws:iam::1:role/x",
                "dandelion-operator",
            ),
            id="IRSA, in the region of the installation",
        ),
        pytest.param(
            IRSA | {"AWS_REGION": "cn-north-1", "AWS_ROLE_SESSION_NAME": "mine"},
            "",
            WebIdentity(
                "https://sts.cn-north-1.amazonaws.com.cn",
                Path("/token"),
                "arn:aws:iam::1:role/x",
                "mine",
            ),
            id="IRSA, in China",
        ),
        pytest.param(
            IRSA | AGENT,
            "http://minio:9000",
            WebIdentity(
                "http://minio:9000", Path("/token"), "arn:aws:iam::1:role/x", "dandelion-operator"
            ),
            id="another STS, and IRSA before an agent, as the SDKs have it",
        ),
        pytest.param(
            AGENT,
            "",
            Agent("http://169.254.170.23/v1/credentials", Path("/token")),
            id="EKS Pod Identity",
        ),
        pytest.param(
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://keys.example.com/x"},
            "",
            Agent("https://keys.example.com/x", None),
            id="an agent elsewhere, by TLS",
        ),
    ],
)
def test_it_is_asked_where_a_webhook_said(
    environment: dict[str, str], sts: str, wanted: WebIdentity | Agent
) -> None:
    assert source(environment, sts, "eu-west-3") == wanted


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        pytest.param({}, "AWS_WEB_IDENTITY_TOKEN_FILE (IRSA) nor", id="nobody said where"),
        pytest.param(
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://10.0.0.1/x"}, "http://10.0.0.1/x", id="a"
        ),
        pytest.param(
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "file:///etc/passwd"}, "neither https", id="b"
        ),
    ],
)
def test_a_token_is_sent_nowhere_else(environment: dict[str, str], words: str) -> None:
    with pytest.raises(IdentityError) as refused:
        source(environment, "", "eu-west-3")
    assert words in str(refused.value)


@WAYS
def test_the_token_stands_in_no_address(
    endpoint: Endpoint, token: Path, way: Way, answer: Written
) -> None:
    endpoint.content = answer(NOW + timedelta(hours=1))
    found = asyncio.run(way(endpoint, token, lambda: NOW).credentials())
    assert isinstance(found, Credentials)
    assert (found.access_key, found.secret_key, found.session_token) == ("ASIA", "secret", "token")
    ((path, form, authorization),) = endpoint.asked
    assert TOKEN not in path
    if way is irsa:
        assert form["WebIdentityToken"] == [TOKEN]
        assert form["RoleArn"] == ["arn:aws:iam::1:role/x"]
    else:
        assert authorization == TOKEN
