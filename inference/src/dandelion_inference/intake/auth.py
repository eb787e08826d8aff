"""Whose requests are answered: the cluster itself says, by its own tokens and RBAC.

Who may predict is an ordinary rule: `create` on `modeldeployments/predict` of this very resource.
The API server is asked by the installation's token reviewer, and its answers are remembered for a
while by the token's digest, never by the token. Floods of invented tokens reach them only so many
at a time and so many a second, and what cannot be asked is refused. Who was let in of late is
known: such callers are asked about again before that ends, at a share of the questions that
strangers cannot take, and stay in for a while when there is no answer. Called by the routes through
`front/service.py`, on the event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import structlog

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.bulkhead import Bulkhead, Limits
from dandelion_inference.intake.reviews import (
    AUDIENCE,
    COMMAND,
    GROUP,
    MAX_TOKEN_BYTES,
    RESOURCE,
    TOKEN,
    VERB,
    Place,
    Reviewer,
    ReviewError,
)
from dandelion_inference.intake.verdicts import Action, Freshness, Key, Verdict, Verdicts

AUTHORIZATION_CODES = (
    Code.UNAUTHENTICATED,
    Code.FORBIDDEN,
    Code.QUEUE_FULL,
    Code.AUTH_UNAVAILABLE,
)

REMEMBERED_ALLOWED = 10_000
# More than can be denied in the time that a denial holds.
REMEMBERED_DENIED = 1_000

# Of either kind of caller.
LIMITS = Limits(threads=4, unfinished=64, rate=50.0, burst=100.0)

# A known caller does not wait longer than this for an answer, in seconds: Kubernetes wants each of
# the two calls that it takes answered within one (its service level objectives, for 99 of 100).
PATIENCE = 2.0
# The time after a missing answer in which no known caller waits for another, in seconds.
AWAY_SECONDS = 10.0

BEARER = re.compile(rf"bearer +({TOKEN}) *", re.IGNORECASE)
HOW = f"Send 'Authorization: Bearer TOKEN' with a token made by '{COMMAND}'."

NO_TRACE: Mapping[str, str] = MappingProxyType({})

SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")

log = structlog.get_logger()


class Authorizer:
    def __init__(
        self,
        reviewer: Reviewer,
        place: Place,
        reviewed: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        """`reviewed` is told how each review ended; `patience` is in seconds."""
        self._reviewer = reviewer
        self._place = place
        self._reviewed = reviewed
        self._now = now
        self._patience = patience
        self._verdicts = Verdicts(REMEMBERED_ALLOWED, REMEMBERED_DENIED, now)
        self._strangers: Bulkhead[Key, Verdict] = Bulkhead("strangers", LIMITS, now)
        self._known: Bulkhead[Key, Verdict] = Bulkhead("known", LIMITS, now)
        self._away_until = now()
        self._complaint = ""

    async def authorize(
        self, headers: Sequence[str], action: Action, trace: Mapping[str, str] = NO_TRACE
    ) -> str:
        """Who sends that; `headers` are the values of Authorization, and `trace` the headers that
        a question about it takes along. Raises RefusedError."""
        token = bearer_token(headers)
        key = (hashlib.sha256(token.encode()).digest(), action)
        verdict = await self._verdict(key, partial(self._ask, key, token, trace))
        if verdict.user is None:
            raise unauthenticated(
                f"The token is not one that this cluster accepts for the audience {AUDIENCE}: it "
                f"may have expired, or be meant for the cluster itself or somebody else."
            )
        if not verdict.allowed:
            raise ForbiddenError(verdict.user, self._place, action)
        return verdict.user

    def close(self) -> None:
        self._strangers.close()
        self._known.close()

    async def _verdict(self, key: Key, ask: Callable[[], Verdict]) -> Verdict:
        remembered = self._verdicts.get(key)
        if remembered is None:
            return await self._of_stranger(key, ask)
        verdict, freshness = remembered
        if freshness is Freshness.FRESH:
            return verdict
        under_way = self._known.review(key, ask, partial(self._ended_of_known, key))
        if freshness is Freshness.REVALIDATE:
            return verdict
        return await self._of_known(under_way, verdict)

    async def _of_stranger(self, key: Key, ask: Callable[[], Verdict]) -> Verdict:
        under_way = self._strangers.review(key, ask, partial(self._ended, key))
        if under_way is None:
            raise too_many()
        try:
            # Others may wait for the same answer: one who hangs up must not take it with them.
            return await asyncio.shield(under_way)
        except ReviewError as error:
            raise RefusedError(
                Code.AUTH_UNAVAILABLE,
                "The cluster, which says who may do this, gives no answer. "
                "The log of the service names the cause. Try again later.",
                headers={"Retry-After": "1"},
            ) from error

    async def _of_known(self, under_way: asyncio.Future[Verdict] | None, stale: Verdict) -> Verdict:
        """What the cluster says now or, where it gives no answer, what it said last."""
        if self._now() < self._away_until:
            return stale
        if under_way is None:
            raise too_many()
        ended, _ = await asyncio.wait([under_way], timeout=self._patience)
        if not ended:
            self._away_until = self._now() + AWAY_SECONDS
            return stale
        return stale if isinstance(under_way.exception(), ReviewError) else under_way.result()

    def _ask(self, key: Key, token: str, trace: Mapping[str, str]) -> Verdict:
        _, action = key
        return self._reviewer.review(token, self._place, action, trace)

    def _ended_of_known(self, key: Key, ended: asyncio.Future[Verdict]) -> None:
        self._ended(key, ended)
        if ended.cancelled():
            return
        answered = ended.exception() is None
        self._away_until = self._now() + (0.0 if answered else AWAY_SECONDS)

    def _ended(self, key: Key, ended: asyncio.Future[Verdict]) -> None:
        if ended.cancelled():
            return
        error = ended.exception()
        if error is not None:
            self._reviewed("unavailable")
            complaint = str(error)
            if complaint != self._complaint:
                # Once, not for every request.
                log.error("tokens cannot be reviewed", detail=complaint)
            self._complaint = complaint
            return
        self._complaint = ""
        verdict = ended.result()
        self._reviewed(verdict.result)
        self._verdicts.put(key, verdict)


def bearer_token(headers: Sequence[str]) -> str:
    """The token of the Authorization header; raises RefusedError where there is none to ask for."""
    if not headers:
        raise unauthenticated("The request has no token.")
    if len(headers) > 1:
        raise unauthenticated("The request has several Authorization headers.")
    if len(headers[0]) > MAX_TOKEN_BYTES:
        raise unauthenticated(f"The token is longer than {MAX_TOKEN_BYTES} bytes.")
    match = BEARER.fullmatch(headers[0])
    if match is None:
        raise unauthenticated("The Authorization header does not hold a bearer token.")
    return match.group(1)


def unauthenticated(why: str) -> RefusedError:
    return RefusedError(
        Code.UNAUTHENTICATED, f"{why} {HOW}", headers={"WWW-Authenticate": "Bearer"}
    )


def too_many() -> RefusedError:
    return RefusedError(
        Code.QUEUE_FULL,
        "Too many tokens are being reviewed. Try again in a second.",
        headers={"Retry-After": "1"},
    )


class ForbiddenError(RefusedError):
    """Of somebody who is known."""

    def __init__(self, user: str, place: Place, action: Action) -> None:
        super().__init__(
            Code.FORBIDDEN,
            f"{user} may not {VERB} {RESOURCE}.{GROUP}/{action} named {place.name} in namespace "
            f"{place.namespace}. Who administers the namespace grants it by: "
            f"{grant(user, place, action)}",
        )
        self.user = user


def grant(user: str, place: Place, action: Action) -> str:
    """A line for a shell. It makes a role of its own, since only an administrator knows what the
    chart's ClusterRoles are called here."""
    account = SERVICE_ACCOUNT.fullmatch(user)
    subject = f"--serviceaccount={':'.join(account.groups())}" if account else f"--user={user}"
    name = f"{place.name}-{action}"
    role = f"--verb={VERB} --resource={RESOURCE}.{GROUP}/{action} --resource-name={place.name}"
    return (
        f"kubectl create role {name} -n {place.namespace} {role} && "
        f"kubectl create rolebinding {name} -n {place.namespace} --role={name} "
        f"{shlex.quote(subject)}"
    )
