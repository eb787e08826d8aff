"""The key that is lent to the operator's own ServiceAccount, by IRSA or by EKS Pod Identity.

A webhook of the cluster puts into the pod's environment where to ask for it, in the variables of
the AWS SDKs. It is asked for anew when half of its life is over; where that fails, the one at hand
serves to its end. minio's own provider is not used: it puts the token into the address of its
request, and so into logs and its own errors, drops what STS says of a refusal, and asks ten seconds
before the end. Used by `observe`.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from dandelion_operator.api import moments
from dandelion_operator.api.location import Defaults
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.words import foreign
from dandelion_operator.ports.s3.connection.client import ERRORS, cause, pool
from dandelion_operator.ports.s3.connection.lanes import Kind, Lanes
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.sts import ANSWER, VERSION, read_answer
from dandelion_operator.seen.keys import NoSts, TemporaryKey

ACTION = "AssumeRoleWithWebIdentity"
TOKEN_FILE, ROLE, SESSION = "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"
AGENT = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
AGENT_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 - a variable's name
REGION, STS_ENDPOINT = "AWS_REGION", "AWS_ENDPOINT_URL_STS"
# Besides the pod itself, where an agent is asked without TLS: as the AWS SDKs have it.
AGENTS = frozenset(
    {"127.0.0.1", "localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}
)
HOLDER = "the operator's identity"
# Seconds: a refusal is remembered for a moment, and an agent that has no newer key is left alone.
REFUSED, SHORTEST_PAUSE = 10.0, 5.0


class IdentityError(Exception):
    """The message names what is missing and who puts it there."""


@dataclass(frozen=True)
class WebIdentity:
    """STS gives a key for a token of the cluster (IRSA)."""

    url: str
    token_file: Path
    role: str
    session: str


@dataclass(frozen=True)
class Agent:
    """An agent on the node gives it (EKS Pod Identity)."""

    url: str
    token_file: Path | None


def source(environment: Mapping[str, str], sts_endpoint: str, region: str) -> WebIdentity | Agent:
    """Raises IdentityError. `sts_endpoint` is the installation's; empty: AWS's in the region."""
    if file := environment.get(TOKEN_FILE):
        url = sts_endpoint or environment.get(STS_ENDPOINT, "")
        session = environment.get(SESSION) or "dandelion-operator"
        role = environment.get(ROLE, "")
        return WebIdentity(
            url or _sts_of_aws(environment.get(REGION) or region), Path(file), role, session
        )
    if agent := environment.get(AGENT):
        parts = urlsplit(agent)
        if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in AGENTS):
            raise IdentityError(
                f"{AGENT} names {foreign(agent, limit=100)}, neither https nor an agent on "
                "this node"
            )
        token = environment.get(AGENT_TOKEN_FILE)
        return Agent(agent, Path(token) if token else None)
    raise IdentityError(
        f"the operator has no identity: neither {TOKEN_FILE} (IRSA) nor {AGENT} (EKS Pod Identity) "
        "is set in its pod; give its ServiceAccount operator.serviceAccount.annotations or a Pod "
        "Identity association, see that the webhook for it runs, and restart the operator"
    )


class OperatorIdentity:
    def __init__(
        self,
        defaults: Defaults,
        environment: Mapping[str, str] = os.environ,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        lanes: Lanes | None = None,
    ) -> None:
        self._defaults = defaults
        self._environment = environment
        self._now = now
        self._lanes = lanes or Lanes()
        self._asking = asyncio.Lock()
        self._key: TemporaryKey | None = None
        self._failure: Failure | None = None
        self._next = datetime.min.replace(tzinfo=UTC)

    async def credentials(self) -> Credentials | Failure:
        async with self._asking:
            now = self._now()
            if now >= self._next:
                await self._renew(now)
        if self._key is not None and self._now() < _end(self._key):
            key = self._key
            return Credentials(key.access_key, key.secret_key, key.session_token, HOLDER)
        ended = "the key that is lent to the operator has ended"
        return self._failure or Failure(Reason.CREDENTIALS_REJECTED, ended)

    async def _renew(self, now: datetime) -> None:
        found = await self._ask(now)
        if isinstance(found, TemporaryKey) and _end(found) <= now:
            words = f"the key that is lent to the operator ended at {found.expires}"
            found = Failure(Reason.CREDENTIALS_REJECTED, f"{words}: compare the clocks")
        if isinstance(found, Failure):
            self._failure, pause = found, REFUSED
        else:
            self._key = found
            left = (_end(found) - now).total_seconds()
            pause = min(max(left / 2, SHORTEST_PAUSE), left)
        self._next = now + timedelta(seconds=pause)

    async def _ask(self, now: datetime) -> TemporaryKey | Failure:
        defaults = self._defaults
        try:
            wanted = source(self._environment, defaults.sts.endpoint, defaults.s3_region)
            token = _token(wanted.token_file)
        except IdentityError as error:
            return Failure(Reason.IDENTITY_MISSING, str(error))
        host = urlsplit(wanted.url).netloc
        identity = ("identity", wanted.url, defaults.s3_ca_bundle)
        send = _sending(wanted, token, defaults.s3_ca_bundle)
        try:
            status, content = await self._lanes.read(host, identity, Kind.DOCUMENT, ANSWER, send)
        except ERRORS as error:
            return Failure(
                Reason.STORAGE_UNREACHABLE,
                f"{wanted.url} cannot be asked for the operator's key: {cause(error)}",
            )
        if isinstance(wanted, Agent):
            return read_agent(wanted.url, status, content, now)
        return _read_sts(wanted, status, content, now)

    def close(self) -> None:
        self._lanes.close()


def _sts_of_aws(region: str) -> str:
    return f"https://sts.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "no text"
        raise IdentityError(f"the operator's token {file} cannot be read: {said}") from None
    if not found:
        raise IdentityError(f"the operator's token {file} is empty")
    return found


def _sending(
    wanted: WebIdentity | Agent, token: str, ca_bundle: str
) -> Callable[[], tuple[int, bytes]]:
    """A token goes into the body or a header: addresses are logged on the way."""
    if isinstance(wanted, Agent):
        method, body = "GET", ""
        headers = {"Authorization": token} if token else {}
    else:
        told = {"Action": ACTION, "Version": VERSION, "WebIdentityToken": token}
        if wanted.role:
            told |= {"RoleArn": wanted.role, "RoleSessionName": wanted.session}
        method, body = "POST", urlencode(told)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}

    def send() -> tuple[int, bytes]:
        with pool(ca_bundle) as connections:
            answer = connections.urlopen(
                method, wanted.url, body=body or None, headers=headers, redirect=False
            )
            return answer.status, answer.read()

    return send


def _read_sts(
    wanted: WebIdentity, status: int, content: bytes, now: datetime
) -> TemporaryKey | Failure:
    found = read_answer(wanted.url, status, content, now, "", ACTION)
    if isinstance(found, NoSts):
        words = f"{found.message}; write the address of STS in s3.sts.endpoint"
        return Failure(Reason.CREDENTIALS_REJECTED, words)
    if isinstance(found, Failure) and found.reason is Reason.CREDENTIALS_REJECTED:
        role = wanted.role or "the provider of identities there"
        words = f"{found.message}; {role} has to trust the operator's ServiceAccount"
        return Failure(found.reason, words)
    return found


def read_agent(url: str, status: int, content: bytes, now: datetime) -> TemporaryKey | Failure:
    """Pure. What an agent answers: JSON, as the AWS SDKs read it."""
    if status != 200:
        words = f"{url} answers HTTP {status} to the operator: {foreign(_text(content), limit=200)}"
        if status >= 500 or status == 429:
            return Failure(Reason.STORAGE_UNREACHABLE, words)
        way_out = "there has to be a Pod Identity association for its ServiceAccount"
        return Failure(Reason.CREDENTIALS_REJECTED, f"{words}; {way_out}")
    try:
        told = json.loads(content)
        names = ("AccessKeyId", "SecretAccessKey", "Token")
        access_key, secret_key, token = (str(told[name]) for name in names)
        expires = moments.moment(str(told["Expiration"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        expires = None
    if expires is None or not (access_key and secret_key and token):
        return Failure(Reason.STORAGE_UNREACHABLE, f"{url} answers what is no key of an agent")
    issued, ends = moments.written(now), moments.written(expires)
    return TemporaryKey(access_key, secret_key, token, issued, ends, "")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _end(key: TemporaryKey) -> datetime:
    end = moments.moment(key.expires)
    return end or datetime.min.replace(tzinfo=UTC)
