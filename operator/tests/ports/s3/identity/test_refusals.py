"""What is said where nobody lends the operator a key."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from given.storage.identity import (
    NOW,
    TOKEN,
    WAYS,
    Endpoint,
    Way,
    Written,
    irsa,
    of_sts,
    pod_identity,
)


def refused(code: str, message: str = "") -> bytes:
    return (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
        f"<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    ).encode()


@pytest.mark.parametrize(
    ("way", "status", "content", "reason", "words"),
    [
        pytest.param(
            irsa,
            403,
            refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
            Reason.CREDENTIALS_REJECTED,
            "role/x has to trust the operator's ServiceAccount",
            id="a role that does not trust it",
        ),
        pytest.param(
            irsa,
            400,
            refused("InvalidIdentityToken", f"no provider for {TOKEN}"),
            Reason.CREDENTIALS_REJECTED,
            "InvalidIdentityToken",
            id="a token that is said again",
        ),
        pytest.param(
            irsa,
            405,
            b"<Error><Code>MethodNotAllowed</Code></Error>",
            Reason.CREDENTIALS_REJECTED,
            "s3.sts.endpoint",
            id="an endpoint without STS",
        ),
        pytest.param(
            irsa, 503, refused("x"), Reason.STORAGE_UNREACHABLE, "gives no key", id="STS is away"
        ),
        pytest.param(
            irsa,
            200,
            of_sts(NOW - timedelta(hours=1)),
            Reason.CREDENTIALS_REJECTED,
            "compare the clocks",
            id="a key that has ended",
        ),
        pytest.param(
            pod_identity,
            404,
            b"no association",
            Reason.CREDENTIALS_REJECTED,
            "Pod Identity association",
            id="no association",
        ),
        pytest.param(
            pod_identity, 500, b"", Reason.STORAGE_UNREACHABLE, "HTTP 500", id="the agent fails"
        ),
        pytest.param(
            pod_identity,
            200,
            b'{"AccessKeyId": "a"}',
            Reason.STORAGE_UNREACHABLE,
            "no key of an agent",
            id="half a key",
        ),
        pytest.param(
            pod_identity, 200, b"[" * 9999, Reason.STORAGE_UNREACHABLE, "no key", id="a bomb"
        ),
    ],
)
def test_why_there_is_no_key_is_told_and_no_token(
    endpoint: Endpoint,
    token: Path,
    way: Way,
    status: int,
    content: bytes,
    reason: Reason,
    words: str,
) -> None:
    endpoint.status, endpoint.content = status, content
    found = asyncio.run(way(endpoint, token, lambda: NOW).credentials())
    assert isinstance(found, Failure)
    assert found.reason is reason
    assert words in found.message
    assert TOKEN not in found.message


@WAYS
def test_a_token_that_is_missing_is_named(
    endpoint: Endpoint, tmp_path: Path, way: Way, answer: Written
) -> None:
    found = asyncio.run(way(endpoint, tmp_path / "none", lambda: NOW).credentials())
    assert isinstance(found, Failure)
    assert found.reason is Reason.IDENTITY_MISSING
    assert str(tmp_path / "none") in found.message
    assert not endpoint.asked


def test_nobody_there_is_told(endpoint: Endpoint, token: Path) -> None:
    nowhere = Endpoint()
    nowhere.url = "http://127.0.0.1:1"
    found = asyncio.run(irsa(nowhere, token, lambda: NOW).credentials())
    assert isinstance(found, Failure)
    assert found.reason is Reason.STORAGE_UNREACHABLE
    assert TOKEN not in found.message
