"""The key that is lent to the pod's ServiceAccount, by IRSA or by EKS Pod Identity.

A webhook of the cluster puts into the pod's environment where to ask for it, in the variables of
the AWS SDKs. It is asked for anew when half of its life is over; where that fails, the one at hand
serves to its end. minio's own provider is not used: it puts the token into the address of its
request, and so into logs and its own errors, drops what STS says of a refusal, and asks ten seconds
before the end.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import urllib3
from minio.credentials.credentials import Credentials
from minio.credentials.providers import Provider

from dandelion_training.ports.failures import Reason, TrainingFailure

ACTION = "AssumeRoleWithWebIdentity"
TOKEN_FILE, ROLE, SESSION = "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"
AGENT = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
AGENT_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 - a variable's name
REGION, STS_ENDPOINT = "AWS_REGION", "AWS_ENDPOINT_URL_STS"
# What the operator tells: the account's name, and another STS than AWS's.
ACCOUNT, OWN_STS_ENDPOINT = "DANDELION_S3_ACCOUNT", "DANDELION_S3_STS_ENDPOINT"
# Besides the pod itself, where an agent is asked without TLS: as the AWS SDKs have it.
AGENTS = frozenset(
    {"127.0.0.1", "localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}
)
ANSWER_BYTES = 256 * 1024
SHORTEST_PAUSE, AFTER_FAILURE = timedelta(seconds=5), timedelta(seconds=10)
SHOWN = 200


def is_meant(environment: Mapping[str, str]) -> bool:
    """Whether a pod without key files goes by its account."""
    return any(environment.get(name) for name in (ACCOUNT, TOKEN_FILE, AGENT))


@dataclass(frozen=True)
class Lent:
    """A key, from when on another one is due, and when it ends."""

    key: Credentials = field(repr=False)
    renewal: datetime
    end: datetime


class AccountCredentials(Provider):
    """Safe to use from several threads: one asks, and others go on with a key that still holds."""

    def __init__(
        self,
        http: urllib3.PoolManager,
        region: str,
        environment: Mapping[str, str] = os.environ,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._http = http
        self._region = region
        self._environment = environment
        self._now = now
        self._asking = threading.Lock()
        self._lent: Lent | None = None

    def retrieve(self) -> Credentials:
        """Raises TrainingFailure where there is none."""
        lent, now = self._lent, self._now()
        if lent is not None and now < lent.renewal:
            return lent.key
        if lent is not None and now < lent.end:
            if not self._asking.acquire(blocking=False):
                return lent.key
        else:
            self._asking.acquire()
        try:
            return self._renewed().key
        finally:
            self._asking.release()

    def _renewed(self) -> Lent:
        lent, now = self._lent, self._now()
        if lent is not None and now < lent.renewal:
            return lent  # another thread asked meanwhile
        try:
            key, end = self._ask()
            if end <= now:
                raise TrainingFailure(
                    Reason.CREDENTIALS_REJECTED,
                    f"The S3 key that is lent to this pod ended at {end}: compare the clocks.",
                )
        except TrainingFailure:
            if lent is None or now >= lent.end:
                raise
            self._lent = replace(lent, renewal=min(now + AFTER_FAILURE, lent.end))
            return self._lent
        renewal = min(now + max((end - now) / 2, SHORTEST_PAUSE), end)
        self._lent = Lent(key, renewal, end)
        return self._lent

    def _ask(self) -> tuple[Credentials, datetime]:
        if self._environment.get(TOKEN_FILE):
            return self._from_sts()
        if self._environment.get(AGENT):
            return self._from_agent()
        account = self._environment.get(ACCOUNT) or "the pod's ServiceAccount"
        raise TrainingFailure(
            Reason.IDENTITY_MISSING,
            f"The ServiceAccount {account} reaches S3 by no identity: neither {TOKEN_FILE} (IRSA)"
            f" nor {AGENT} (EKS Pod Identity) is set in this pod. See that the account has the"
            " annotations of s3.identity.serviceAccountAnnotations or a Pod Identity association,"
            " and that the webhook for it runs.",
        )

    def _from_sts(self) -> tuple[Credentials, datetime]:
        given = self._environment
        region = given.get(REGION) or self._region
        own = given.get(OWN_STS_ENDPOINT) or given.get(STS_ENDPOINT)
        china = ".cn" if region.startswith("cn-") else ""
        url = (own or f"https://sts.{region}.amazonaws.com{china}").rstrip("/") + "/"
        told = {
            "Action": ACTION,
            "Version": "2011-06-15",
            "WebIdentityToken": self._token(given[TOKEN_FILE]),
        }
        if role := given.get(ROLE):
            told |= {"RoleArn": role, "RoleSessionName": given.get(SESSION) or "dandelion"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, content = self._send("POST", url, urlencode(told), headers)
        try:
            root = ElementTree.fromstring(content)  # noqa: S314 - bounded
        except ElementTree.ParseError:
            raise _unreachable(url, f"HTTP {status} with what is no XML of STS") from None
        found = {item.tag.rpartition("}")[2]: (item.text or "").strip() for item in root.iter()}
        if status != 200:
            said = f"{found.get('Code', f'HTTP {status}')}: {found.get('Message', '')}"
            if status >= 500 or status == 429:
                raise _unreachable(url, said)
            raise self._refused(url, said, f"{role or 'its provider of identities'} has to trust")
        return _key(url, found, "SessionToken")

    def _from_agent(self) -> tuple[Credentials, datetime]:
        given = self._environment
        url = given[AGENT]
        parts = urlsplit(url)
        if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in AGENTS):
            raise TrainingFailure(
                Reason.CONFIGURATION_INVALID,
                f"{AGENT} names neither an https address nor an agent on this node.",
            )
        file = given.get(AGENT_TOKEN_FILE)
        headers = {"Authorization": self._token(file)} if file else {}
        status, content = self._send("GET", url, None, headers)
        if status != 200:
            said = f"HTTP {status}: {content[:SHOWN].decode('utf-8', 'replace')}"
            if status >= 500 or status == 429:
                raise _unreachable(url, said)
            raise self._refused(url, said, "there has to be a Pod Identity association for")
        try:
            found = json.loads(content)
            told = {name: str(value) for name, value in found.items()}
        except (ValueError, AttributeError, RecursionError):
            raise _unreachable(url, "what is no key of an agent") from None
        return _key(url, told, "Token")

    def _send(
        self, method: str, url: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        try:
            answer = self._http.urlopen(
                method, url, body=body, headers=headers, redirect=False, preload_content=False
            )
            try:
                return answer.status, answer.read(ANSWER_BYTES)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TrainingFailure(
                Reason.STORAGE_UNREACHABLE,
                f"{url} cannot be asked for an S3 key: {type(error).__name__}.",
            ) from error

    def _token(self, file: str) -> str:
        try:
            found = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            found = ""
        if not found:
            raise TrainingFailure(
                Reason.IDENTITY_MISSING, f"The pod's token {file} is empty or cannot be read."
            )
        return found

    def _refused(self, url: str, said: str, way_out: str) -> TrainingFailure:
        account = self._environment.get(ACCOUNT) or "of this pod"
        return TrainingFailure(
            Reason.CREDENTIALS_REJECTED,
            f"{url} gives no S3 key ({_short(said)}): {way_out} the ServiceAccount {account}.",
        )


def _key(url: str, found: Mapping[str, str], token: str) -> tuple[Credentials, datetime]:
    try:
        end = datetime.fromisoformat(found["Expiration"]).astimezone(UTC)
        key = Credentials(found["AccessKeyId"], found["SecretAccessKey"], found[token])
        return key, end
    except (KeyError, ValueError):
        raise _unreachable(url, "what holds no key") from None


def _unreachable(url: str, said: str) -> TrainingFailure:
    return TrainingFailure(
        Reason.STORAGE_UNREACHABLE, f"{url}, asked for an S3 key, answers {_short(said)}."
    )


def _short(said: str) -> str:
    return " ".join(said.split())[:SHOWN].rstrip(": .")
