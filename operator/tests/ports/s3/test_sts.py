"""What an endpoint answers where it is asked for a key, and what is made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest
from dandelion_operator.api.access.sts import Mode, Sts
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.sts import GIVEN, WITHOUT, Request, TokenService, read_answer
from dandelion_operator.seen.keys import NoSts, TemporaryKey

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
GIVEN_KEY = b"""<?xml version="1.0" encoding="UTF-8"?>
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><Arn></Arn><AssumeRoleId></AssumeRoleId></AssumedRoleUser><Credentials>
<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<Expiration>2026-11-27T00:00:00Z</Expiration><SessionToken>token</SessionToken>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""


def of_sts(code: str, message: str = "") -> bytes:
    return (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type></Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    ).encode()


def of_s3(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>words</Message></Error>".encode()


def test_a_key_comes_with_its_end() -> None:
    key = read_answer("http://s3", 200, GIVEN_KEY, NOW, "asked")
    assert key == TemporaryKey(
        "ASIA", "secret", "token", "2026-11-26T12:00:00Z", "2026-11-27T00:00:00Z", "asked"
    )
    assert "secret" not in repr(key)
    assert "token" not in repr(key)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        pytest.param(405, of_s3("MethodNotAllowed"), id="S3 of AWS, which has it elsewhere"),
        pytest.param(501, of_s3("NotImplemented"), id="a service that says so"),
        pytest.param(404, b"<html>not found</html>", id="a proxy in front of one"),
        pytest.param(400, of_s3("AuthorizationHeaderMalformed"), id="one that expects S3's scope"),
        pytest.param(403, of_s3("SignatureDoesNotMatch"), id="one that checks S3's signature"),
        pytest.param(403, of_s3("AccessDenied"), id="one that lets nobody post there"),
    ],
)
def test_there_is_no_sts(status: int, content: bytes) -> None:
    assert isinstance(read_answer("http://s3", status, content, NOW, ""), NoSts)


@pytest.mark.parametrize(
    ("status", "content", "reason", "words"),
    [
        pytest.param(
            403,
            of_sts("AccessDenied", "no"),
            Reason.CREDENTIALS_REJECTED,
            "AccessDenied: no",
            id="the key may not ask",
        ),
        pytest.param(
            400,
            of_sts("ValidationError", "DurationSeconds exceeds the MaxSessionDuration"),
            Reason.CREDENTIALS_REJECTED,
            "exceeds the MaxSessionDuration",
            id="a life that is too long",
        ),
        pytest.param(
            403,
            of_s3("InvalidAccessKeyId"),
            Reason.CREDENTIALS_REJECTED,
            "InvalidAccessKeyId",
            id="a key that is none",
        ),
        pytest.param(
            503, of_sts("Busy"), Reason.STORAGE_UNREACHABLE, "Busy", id="trouble of its own"
        ),
        pytest.param(
            503, of_s3("SlowDown"), Reason.STORAGE_UNREACHABLE, "SlowDown", id="too many requests"
        ),
        pytest.param(
            200, b"<html", Reason.STORAGE_UNREACHABLE, "HTTP 200", id="a page of somebody else"
        ),
        pytest.param(
            200,
            GIVEN_KEY.replace(b"2026-11-27T00:00:00Z", b"soon"),
            Reason.CREDENTIALS_REJECTED,
            "without a code",
            id="a key without an end",
        ),
        pytest.param(
            403,
            of_sts("Denied", "Authorization: Bearer abcdefgh"),
            Reason.CREDENTIALS_REJECTED,
            "Denied",
            id="what looks like a secret",
        ),
    ],
)
def test_there_is_one_and_it_gives_no_key(
    status: int, content: bytes, reason: Reason, words: str
) -> None:
    found = read_answer("http://s3", status, content, NOW, "")
    assert isinstance(found, Failure)
    assert found.reason is reason
    assert words in found.message
    assert "abcdefgh" not in found.message


class Endpoint(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, str]] = []
        self.status, self.content = 200, GIVEN_KEY
        self.longest_policy = 2048

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        told = {name: values[0] for name, values in parse_qs(body).items()}
        self.server.asked.append(told | {"token": self.headers["X-Amz-Security-Token"] or ""})
        status, content = self.server.status, self.server.content
        if len(told["Policy"]) > self.server.longest_policy:
            status, content = 400, of_s3("PackedPolicyTooLarge")
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test's own report is enough."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


KEY = Credentials("installation", "its-secret")
Other = Callable[[Request], tuple[Request, Credentials]]


def request(url: str, sts: Sts | None = None, policy: str = "{}") -> Request:
    place = Location(url, "us-east-1", "models", "", "", "", brings_own_keys=False)
    return Request(place, sts or Sts(Mode.AUTO), policy, "garden.lawn")


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_role_is_named_where_the_endpoint_wants_one(endpoint: Endpoint) -> None:
    role = Sts(Mode.AUTO, role_arn="arn:aws:iam::1:role/dandelion", life_seconds=3600)
    asyncio.run(TokenService().key(request(endpoint.url, role), replace(KEY, session_token="t")))
    (told,) = endpoint.asked
    assert told["Action"] == "AssumeRole"
    assert told["DurationSeconds"] == "3600"
    assert told["RoleArn"] == "arn:aws:iam::1:role/dandelion"
    assert told["RoleSessionName"] == "garden.lawn"
    assert told["token"] == "t"


def test_two_looks_in_a_row_ask_once(endpoint: Endpoint) -> None:
    clock = Clock()
    service = TokenService(monotonic=clock)
    first = asyncio.run(service.key(request(endpoint.url), KEY))
    assert asyncio.run(service.key(request(endpoint.url), KEY)) == first
    assert len(endpoint.asked) == 1
    asyncio.run(service.key(request(endpoint.url, policy='{"other": 1}'), KEY))
    assert len(endpoint.asked) == 2
    clock.seconds = GIVEN + 1
    asyncio.run(service.key(request(endpoint.url), KEY))
    assert len(endpoint.asked) == 3


def test_an_endpoint_without_sts_is_asked_now_and_then_whatever_for(endpoint: Endpoint) -> None:
    clock = Clock()
    service = TokenService(monotonic=clock)
    endpoint.status, endpoint.content = 405, b""
    for policy in ("{}", '{"other": 1}'):
        assert isinstance(
            asyncio.run(service.key(request(endpoint.url, policy=policy), KEY)), NoSts
        )
    assert len(endpoint.asked) == 2
    clock.seconds = WITHOUT + 1
    endpoint.status, endpoint.content = 200, GIVEN_KEY
    assert isinstance(asyncio.run(service.key(request(endpoint.url), KEY)), TemporaryKey)


def test_who_asks_for_too_much_does_not_make_sts_disappear(endpoint: Endpoint) -> None:
    """Ceph says it in the words of S3, and where there is no STS the shared key is copied."""
    service = TokenService()
    found = asyncio.run(service.key(request(endpoint.url, policy="a" * 3000), KEY))
    assert isinstance(found, Failure)
    assert found.reason is Reason.CREDENTIALS_REJECTED
    assert "PackedPolicyTooLarge" in found.message
    assert "too long" in found.message
    assert isinstance(asyncio.run(service.key(request(endpoint.url), KEY)), TemporaryKey)


def test_an_endpoint_that_does_not_answer_is_unreachable() -> None:
    found = asyncio.run(TokenService().key(request("http://127.0.0.1:1"), KEY))
    assert isinstance(found, Failure)
    assert found.reason is Reason.STORAGE_UNREACHABLE
    assert found.may_pass


@pytest.mark.parametrize(
    "other",
    [
        lambda wanted: (replace(wanted, policy="other"), KEY),
        lambda wanted: (replace(wanted, sts=Sts(Mode.AUTO, life_seconds=900)), KEY),
        lambda wanted: (replace(wanted, sts=Sts(Mode.AUTO, role_arn="arn")), KEY),
        lambda wanted: (replace(wanted, sts=Sts(Mode.AUTO, endpoint="http://sts")), KEY),
        lambda wanted: (wanted, replace(KEY, secret_key="rotated")),
    ],
    ids=["the policy", "the life", "the role", "the endpoint", "the installation's key"],
)
def test_a_key_is_another_one_where_it_was_asked_for_otherwise(other: Other) -> None:
    wanted = request("http://s3")
    changed, credentials = other(wanted)
    assert changed.asked(credentials) != wanted.asked(KEY)
    assert wanted.asked(KEY) == request("http://s3").asked(KEY)
