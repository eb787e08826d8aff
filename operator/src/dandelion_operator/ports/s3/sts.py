"""Asks an endpoint's STS for a key that is for one purpose, one place and a while.

`AssumeRole`, as AWS has it (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)
and as MinIO understands it, signed with the installation's key. Nothing is made at the endpoint, so
asking twice does no harm. What it said is remembered for a moment, since one look at a resource may
become two, and an endpoint that has no STS is asked again now and then only. Used by `observe`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from minio.credentials.credentials import Credentials as Signing
from minio.signer import sign_v4_sts
from minio.time import to_amz_date

from dandelion_operator.api import digests, moments
from dandelion_operator.api.access.sts import Sts
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.words import foreign, is_word
from dandelion_operator.ports.s3.connection.budget import Limits
from dandelion_operator.ports.s3.connection.client import ERRORS, cause, pool
from dandelion_operator.ports.s3.connection.lanes import Kind, Lanes
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.memory import Memory
from dandelion_operator.seen.keys import NoSts, TemporaryKey

ANSWER = Limits(seconds=10.0, answer_bytes=256 * 1024, requests=3)
VERSION = "2011-06-15"
REMEMBERED = 2_000
# Seconds. A key that was given is given again while the first is on its way into its Secret.
GIVEN, REFUSED, WITHOUT = 30.0, 20.0, 300.0

# A key by which nothing may be done.
NOTHING = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::*"}]}'
)

# What an S3 service answers to a request that is for STS, where it has none.
NOT_THERE = frozenset({404, 405, 501})
# What it would say of the key itself; all else that it says in S3's own form is that it has no STS.
OF_THE_KEY = frozenset(
    {"InvalidAccessKeyId", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed"}
)


@dataclass(frozen=True)
class Request:
    """`policy` is JSON; `session` names who asks in the endpoint's own log."""

    location: Location
    sts: Sts
    policy: str
    session: str

    @property
    def endpoint(self) -> str:
        return self.sts.endpoint or self.location.endpoint

    def asked(self, credentials: Credentials) -> str:
        """The digest of all that decides which key is given."""
        return digests.digest(
            [
                self.endpoint,
                self.location.region,
                self.sts.role_arn,
                self.sts.life_seconds,
                self.policy,
                credentials.fingerprint,
            ],
            length=16,
        )


class TokenService:
    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        lanes: Lanes | None = None,
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._lanes = lanes or Lanes()
        self._said = Memory[tuple[float, TemporaryKey | NoSts | Failure]](REMEMBERED)

    async def key(
        self, request: Request, credentials: Credentials
    ) -> TemporaryKey | NoSts | Failure:
        """With the installation's credentials of the purpose."""
        asked = request.asked(credentials)
        endpoint = (request.endpoint, credentials.fingerprint)
        for known in ((asked,), endpoint):
            said = self._said.get(known)
            if said is not None and self._monotonic() < said[0]:
                return said[1]
        found = await self._ask(request, credentials, asked)
        if isinstance(found, NoSts):
            found = await self._confirmed(found, request, credentials)
        match found:
            case TemporaryKey():
                self._said.put((asked,), (self._monotonic() + GIVEN, found))
            case Failure():
                self._said.put((asked,), (self._monotonic() + REFUSED, found))
            case NoSts():
                self._said.put(endpoint, (self._monotonic() + WITHOUT, found))
        return found

    async def _confirmed(
        self, found: NoSts, request: Request, credentials: Credentials
    ) -> NoSts | Failure:
        """Ceph refuses a policy in the form of S3's errors, as endpoints do that have no STS; and
        who names a dataset decides how long a policy is. So that there is none is believed only
        where it is said to a request in which nobody has a say: otherwise the installation's key
        would be copied for who makes it fail.
        """
        again = await self._ask(replace(request, policy=NOTHING), credentials, "")
        if isinstance(again, TemporaryKey):
            words = (
                f"{found.message}, though it gives keys: the names in spec.dataset and "
                "spec.training.initialWeights may be too long for the policy of one"
            )
            return Failure(Reason.CREDENTIALS_REJECTED, words)
        return again

    async def _ask(
        self, request: Request, credentials: Credentials, asked: str
    ) -> TemporaryKey | NoSts | Failure:
        host = urlsplit(request.endpoint).netloc
        identity = ("sts", request.endpoint, request.location.ca_bundle)
        try:
            status, content = await self._lanes.read(
                host, identity, Kind.DOCUMENT, ANSWER, lambda: self._send(request, credentials)
            )
        except ERRORS as error:
            return Failure(
                Reason.STORAGE_UNREACHABLE,
                f"{request.endpoint} cannot be asked for a key: {cause(error)}",
            )
        return read_answer(request.endpoint, status, content, self._now(), asked)

    def _send(self, request: Request, credentials: Credentials) -> tuple[int, bytes]:
        parts = urlsplit(request.endpoint)
        told = {
            "Action": "AssumeRole",
            "Version": VERSION,
            "DurationSeconds": str(request.sts.life_seconds),
            "Policy": request.policy,
        }
        if request.sts.role_arn:
            told |= {"RoleArn": request.sts.role_arn, "RoleSessionName": request.session}
        body = urlencode(told)
        now = self._now()
        headers: dict[str, str | list[str] | tuple[str]] = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Host": _host(parts.scheme, parts.netloc),
            "X-Amz-Date": to_amz_date(now),
        }
        if credentials.session_token:
            headers["X-Amz-Security-Token"] = credentials.session_token
        signed = sign_v4_sts(
            method="POST",
            url=parts._replace(path=parts.path or "/"),
            region=request.location.region,
            headers=headers,
            credentials=Signing(credentials.access_key, credentials.secret_key),
            content_sha256=hashlib.sha256(body.encode()).hexdigest(),
            date=now,
        )
        with pool(request.location.ca_bundle) as connections:
            url = f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"
            answer = connections.urlopen("POST", url, body=body, headers=signed, redirect=False)
            return answer.status, answer.read()

    def close(self) -> None:
        self._lanes.close()


def _host(scheme: str, netloc: str) -> str:
    """As a client writes it: without the port that goes without saying."""
    default = {"http": ":80", "https": ":443"}[scheme]
    return netloc.removesuffix(default)


def read_answer(
    endpoint: str,
    status: int,
    content: bytes,
    now: datetime,
    asked: str,
    action: str = "AssumeRole",
) -> TemporaryKey | NoSts | Failure:
    """Pure. What STS says is in its own form; what S3 says in its own is that there is no STS."""
    if status in NOT_THERE:
        return NoSts(f"{endpoint} answers HTTP {status} to {action}")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - bounded, and expat expands no bomb
    except ElementTree.ParseError:
        return Failure(
            Reason.STORAGE_UNREACHABLE,
            f"{endpoint} gives no key: it answers HTTP {status} with what is no XML of STS",
        )
    found = {_tag(item): (item.text or "").strip() for item in root.iter()}
    if status == 200 and _tag(root) == f"{action}Response":
        expires = moments.moment(found.get("Expiration"))
        parts = [found.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        if expires is not None and all(parts):
            access_key, secret_key, token = (part or "" for part in parts)
            return TemporaryKey(
                access_key, secret_key, token, moments.written(now), moments.written(expires), asked
            )
    code = found.get("Code", "")
    named = code if is_word(code) else "an error without a code"
    said = foreign(f"{named}: {found.get('Message', '')}").rstrip(": ")
    words = f"{endpoint} gives no key: {said}"
    if status >= 500 or code == "SlowDown":
        return Failure(Reason.STORAGE_UNREACHABLE, words)
    if _tag(root) == "Error" and code not in OF_THE_KEY:
        return NoSts(f"{endpoint} answers {said} to {action}")
    return Failure(Reason.CREDENTIALS_REJECTED, words)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
