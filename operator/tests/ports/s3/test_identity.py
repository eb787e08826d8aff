"""Who lends the operator a key: what is asked of whom, and what is said where there is none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest
from dandelion_operator.api.access.sts import Sts
from dandelion_operator.api.location import Defaults
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.identity import (
    Agent,
    IdentityError,
    OperatorIdentity,
    WebIdentity,
    source,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
IRSA = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"}
AGENT = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token",
}


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


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            made.asked.append((self.path, parse_qs(body), self.headers["Authorization"] or ""))
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(made.content)

        def do_GET(self) -> None:
            made.asked.append((self.path, {}, self.headers["Authorization"] or ""))
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(made.content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


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


@WAYS
def test_a_key_is_renewed_at_half_of_its_life_and_not_sooner(
    endpoint: Endpoint, token: Path, way: Way, answer: Written
) -> None:
    endpoint.content = answer(NOW + timedelta(hours=1))
    clock = [NOW]

    async def scene() -> None:
        identity = way(endpoint, token, lambda: clock[0])
        for minutes, asked in ((0, 1), (29, 1), (30, 2), (31, 2)):
            clock[0] = NOW + timedelta(minutes=minutes)
            assert isinstance(await identity.credentials(), Credentials)
            assert len(endpoint.asked) == asked
        # What an agent gives again is asked for less and less, and never all the time.
        await asyncio.gather(*(identity.credentials() for _ in range(50)))
        assert len(endpoint.asked) == 2

    asyncio.run(scene())


@WAYS
def test_a_key_serves_to_its_end_where_there_is_no_other(
    endpoint: Endpoint, token: Path, way: Way, answer: Written
) -> None:
    endpoint.content = answer(NOW + timedelta(hours=1))
    clock = [NOW]

    async def scene() -> None:
        identity = way(endpoint, token, lambda: clock[0])
        await identity.credentials()
        endpoint.status = 503
        clock[0] = NOW + timedelta(minutes=59)
        assert isinstance(await identity.credentials(), Credentials)
        clock[0] = NOW + timedelta(minutes=61)
        assert isinstance(await identity.credentials(), Failure)
        endpoint.status, endpoint.content = 200, answer(NOW + timedelta(hours=3))
        clock[0] = NOW + timedelta(minutes=62)
        assert isinstance(await identity.credentials(), Credentials)

    asyncio.run(scene())


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


def test_keys_of_one_holder_are_equal_and_no_others_are() -> None:
    first, second = (Credentials(name, "secret", "token", "the operator") for name in "ab")
    assert first == second
    assert hash(first) == hash(second)
    assert first.fingerprint != second.fingerprint
    assert Credentials("a", "secret") != Credentials("b", "secret")
    assert first != Credentials("a", "secret", "token")
