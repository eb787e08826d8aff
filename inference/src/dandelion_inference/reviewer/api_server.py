"""Asks the cluster's API server whose token that is, and whether they may do this.

TokenReview, then SubjectAccessReview, with the token reviewer's own ServiceAccount. Its token and
the CA are read anew every time, because both are rotated. Called by `reviews.py` in threads of its
own.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import urllib3
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_inference.intake.reviews import (
    GROUP,
    RESOURCE,
    VERB,
    Place,
    ReviewError,
    audiences,
)

TOKEN_REVIEW = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105 - an address
ACCESS_REVIEW = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
TIMEOUT = urllib3.Timeout(connect=2, read=4)
# One for each thread that asks: of more, each question would begin with a handshake.
CONNECTIONS = 24


class OwnRightsError(ReviewError):
    """The API server does not take questions of this pod: its account, its token or what is mounted
    is at fault, and another pod may fare better."""


class User(BaseModel):
    """Whom a token belongs to, in the API server's words."""

    model_config = ConfigDict(frozen=True)

    username: str = Field(default="", description="empty where nobody is meant")
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)


class _TokenStatus(BaseModel):
    authenticated: bool = False
    user: User | None = None
    audiences: tuple[str, ...] = Field(
        default=(), description="those of the question that the token is meant for"
    )


class _AccessStatus(BaseModel):
    allowed: bool = False
    denied: bool = False


Status = TypeVar("Status", _TokenStatus, _AccessStatus)


class ApiServer:
    def __init__(self, host: str, port: int, service_account_dir: Path) -> None:
        self._url = f"https://{f'[{host}]' if ':' in host else host}:{port}"
        self._folder = service_account_dir
        self._lock = threading.Lock()
        self._authority = ""
        self._pool: urllib3.PoolManager | None = None

    def user(self, token: str, place: Place, trace: Mapping[str, str]) -> User | None:
        """Whose token it is, if it is anybody's and for one of `audiences`; raises ReviewError.

        `trace` holds headers of the trace that the question belongs to.
        """
        wanted = audiences(place)
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": wanted},
        }
        status = self._status(TOKEN_REVIEW, review, trace, _TokenStatus)
        known = status.authenticated and status.user is not None and status.user.username
        # One that knows no audiences names none: it has looked whether the token is for itself.
        return status.user if known and set(wanted) & set(status.audiences) else None

    def may(self, user: User, place: Place, subresource: str, trace: Mapping[str, str]) -> bool:
        """Raises ReviewError."""
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": user.username,
                "uid": user.uid,
                "groups": user.groups,
                "extra": user.extra,
                "resourceAttributes": {
                    "namespace": place.namespace,
                    "verb": VERB,
                    "group": GROUP,
                    "resource": RESOURCE,
                    "subresource": subresource,
                    "name": place.name,
                },
            },
        }
        status = self._status(ACCESS_REVIEW, review, trace, _AccessStatus)
        return status.allowed and not status.denied

    def _status(
        self, path: str, review: dict[str, Any], trace: Mapping[str, str], kind: type[Status]
    ) -> Status:
        answer = self._post(path, json.dumps(review).encode(), trace)
        if answer.status not in (200, 201):
            raise _refusal(path, answer.status)
        try:
            return kind.model_validate(json.loads(answer.data).get("status") or {})
        except (ValueError, AttributeError, ValidationError) as error:
            raise ReviewError(f"{self._url}{path} did not answer as an API server does") from error

    def _post(self, path: str, body: bytes, trace: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        headers = {
            **trace,
            "Authorization": f"Bearer {self._read('token')}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        pool = self._connections()
        try:
            try:
                return pool.request("POST", f"{self._url}{path}", body=body, headers=headers)
            except urllib3.exceptions.ProtocolError:
                # An idle connection that the server let go of at this very moment.
                return pool.request("POST", f"{self._url}{path}", body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            # The error's own text may be long, but never holds a header or a body.
            raise ReviewError(f"cannot ask {self._url}: {type(error).__name__}: {error}") from error

    def _connections(self) -> urllib3.PoolManager:
        authority = self._read("ca.crt")
        with self._lock:
            if self._pool is None or authority != self._authority:
                try:
                    context = ssl.create_default_context(cadata=authority)
                except (ssl.SSLError, ValueError) as error:
                    raise OwnRightsError(
                        f"{self._folder / 'ca.crt'} holds no certificate"
                    ) from error
                self._pool = urllib3.PoolManager(
                    timeout=TIMEOUT, retries=False, ssl_context=context, maxsize=CONNECTIONS
                )
                self._authority = authority
            return self._pool

    def _read(self, name: str) -> str:
        path = self._folder / name
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise OwnRightsError(
                f"cannot read {path}: the pod needs its ServiceAccount's token mounted"
            ) from error
        if not value:
            raise OwnRightsError(f"{path} is empty")
        return value


def _refusal(path: str, status: int) -> ReviewError:
    kind = path.rpartition("/")[2]
    if status == 403:
        return OwnRightsError(
            f"the API server forbids this pod's ServiceAccount to create {kind}; bind the chart's "
            f"ClusterRole that ends in -token-reviewer to it"
        )
    if status == 401:
        return OwnRightsError("the API server does not accept the token of this pod's account")
    return ReviewError(f"the API server answered {status} to the creation of {kind}")
