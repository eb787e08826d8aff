"""Asks the installation's token reviewer whose token that is, and whether they may do this.

It alone may ask the API server; this pod has no account of its own there. What it is asked is only
ever about the token itself, so whoever asks learns nothing that its holder could not find out. The
question and its answer are written here for both sides. Called by `auth.py` in threads of its own,
answered by `reviewer/app.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, get_args

import urllib3
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from dandelion_inference.intake.verdicts import Action, Verdict

GROUP = "dandelion.dev"
RESOURCE = "modeldeployments"
VERB = "create"

# Whom a token must be meant for. Not the API server: what is sent here must be of no use there.
AUDIENCE = "dandelion.dev"
COMMAND = f"kubectl create token ACCOUNT --audience={AUDIENCE}"

# Subresources that only RBAC knows: what serving asks about, and what people are let do besides.
Subresource = Literal[
    "predict", "feedback", "review", "train", "ingest", "promote", "rollback", "suspend"
]
SUBRESOURCES: tuple[str, ...] = get_args(Subresource)

# RFC 6750, section 2.1.
TOKEN = r"[A-Za-z0-9._~+/-]+=*"  # noqa: S105 - what one looks like
MAX_TOKEN_BYTES = 16 * 1024
# A token, and the rest of a question in JSON.
MAX_QUESTION_BYTES = MAX_TOKEN_BYTES + 4096

PATH = "/v1/reviews"
# Longer than the reviewer waits for the API server: it then says what is wrong.
TIMEOUT = urllib3.Timeout(connect=2, read=9)

KubernetesName = Annotated[
    str, StringConstraints(max_length=253, pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$")
]


class ReviewError(Exception):
    """There is no answer, and why."""


@dataclass(frozen=True)
class Place:
    """The resource that is asked about."""

    namespace: str
    name: str


def audiences(place: Place) -> list[str]:
    """For whom a token has to be: all models, or this one alone."""
    return [AUDIENCE, f"{AUDIENCE}/{place.namespace}/{place.name}"]


class Question(BaseModel):
    """May whoever holds this token create this subresource of this ModelDeployment?"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: Annotated[str, StringConstraints(max_length=MAX_TOKEN_BYTES, pattern=f"^{TOKEN}$")] = (
        Field(repr=False)
    )
    namespace: KubernetesName
    name: KubernetesName
    subresource: Subresource


class Caller(BaseModel):
    """Whose token it is, in the API server's words."""

    model_config = ConfigDict(frozen=True)

    username: Annotated[str, StringConstraints(min_length=1)]
    uid: str = ""


class Review(BaseModel):
    """The answer. The caller is missing where the token is nobody's, or meant for somebody else."""

    model_config = ConfigDict(frozen=True)

    caller: Caller | None = None
    allowed: bool = False


class Reviewer(Protocol):
    def review(self, token: str, place: Place, action: Action, trace: Mapping[str, str]) -> Verdict:
        """Raises ReviewError. `trace` holds headers of the trace that the question belongs to."""
        ...


class TokenReviewer:
    """The installation's, over HTTP."""

    def __init__(self, url: str) -> None:
        """`url` is where it answers, such as `http://dandelion-token-reviewer.dandelion.svc`."""
        self._url = f"{url.rstrip('/')}{PATH}"
        self._pool = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=8)

    def review(self, token: str, place: Place, action: Action, trace: Mapping[str, str]) -> Verdict:
        question = {
            "token": token,
            "namespace": place.namespace,
            "name": place.name,
            "subresource": action,
        }
        answer = self._post(json.dumps(question).encode(), trace)
        if answer.status != 200:
            raise ReviewError(self._complaint(answer))
        try:
            review = Review.model_validate_json(answer.data)
        except ValidationError as error:
            raise ReviewError(f"{self._url} did not answer as a token reviewer does") from error
        if review.caller is None:
            return Verdict(None, allowed=False)
        return Verdict(review.caller.username, review.allowed)

    def _post(self, body: bytes, trace: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        headers = {**trace, "Content-Type": "application/json", "Accept": "application/json"}
        try:
            try:
                return self._pool.request("POST", self._url, body=body, headers=headers)
            except urllib3.exceptions.ProtocolError:
                # An idle connection that the server let go of at this very moment.
                return self._pool.request("POST", self._url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            # The error's own text may be long, but never holds a header or a body.
            raise ReviewError(f"cannot ask {self._url}: {type(error).__name__}: {error}") from error

    def _complaint(self, answer: urllib3.BaseHTTPResponse) -> str:
        """Its own words, if it is a token reviewer that answers; cut, and never what was sent."""
        try:
            told = str(json.loads(answer.data)["detail"])[:500]
        except (ValueError, TypeError, KeyError):
            return f"{self._url} answered {answer.status}"
        return f"{self._url} answered {answer.status}: {told}"
