"""Whose requests are answered: the cluster itself says, by its own tokens and RBAC.

Who may predict is an ordinary rule: `create` on `modeldeployments/predict` of this very resource.
Answers of the API server are remembered for a while by the token's digest, never by the token.
Floods of invented tokens reach it only so many at a time and so many a second, and what cannot be
asked is refused. Called by the routes through `front/service.py`, on the event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shlex
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.reviews import (
    GROUP,
    RESOURCE,
    VERB,
    Place,
    Reviewer,
    ReviewError,
    User,
)
from dandelion_inference.intake.verdicts import Action, Allowance, Key, Verdict, Verdicts

AUTHORIZATION_CODES = (
    Code.UNAUTHENTICATED,
    Code.FORBIDDEN,
    Code.QUEUE_FULL,
    Code.AUTH_UNAVAILABLE,
)

REMEMBERED = 10_000

# Reviews under way at once, and waiting for their turn.
THREADS = 4
UNFINISHED = 64
# Reviews begun a second in the long run, and at once after a quiet time. A client whose answer is
# remembered needs none.
RATE = 50.0
BURST = 100.0

MAX_TOKEN_BYTES = 16 * 1024
# RFC 6750, section 2.1.
BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)
HOW = "Send 'Authorization: Bearer TOKEN' with a token of this cluster, such as one made by "
HOW += "'kubectl create token ACCOUNT'."

SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")

log = structlog.get_logger()


class Authorizer:
    def __init__(
        self,
        reviewer: Reviewer,
        place: Place,
        reviewed: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`reviewed` is told how each review ended."""
        self._reviewer = reviewer
        self._place = place
        self._reviewed = reviewed
        self._verdicts = Verdicts(REMEMBERED, now)
        self._allowance = Allowance(RATE, BURST, now)
        self._under_way: dict[Key, asyncio.Future[Verdict]] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="auth")
        self._complaint = ""

    async def authorize(self, headers: Sequence[str], action: Action) -> str:
        """Who sends that; `headers` are the values of Authorization. Raises RefusedError."""
        token = bearer_token(headers)
        key = (hashlib.sha256(token.encode()).digest(), action)
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = await self._review(key, token, action)
        if verdict.user is None:
            raise unauthenticated("The token is not one that this cluster accepts: it may have "
                                  "expired, or be meant for another audience.")  # fmt: skip
        if not verdict.allowed:
            raise forbidden(verdict.user, self._place, action)
        return verdict.user

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _review(self, key: Key, token: str, action: Action) -> Verdict:
        under_way = self._under_way.get(key)
        if under_way is None:
            if len(self._under_way) >= UNFINISHED or not self._allowance.take():
                raise RefusedError(
                    Code.QUEUE_FULL,
                    "Too many tokens are being reviewed. Try again in a second.",
                    headers={"Retry-After": "1"},
                )
            loop = asyncio.get_running_loop()
            under_way = loop.run_in_executor(self._threads, self._ask, token, action)
            self._under_way[key] = under_way
            under_way.add_done_callback(lambda ended: self._ended(key, ended))
        try:
            # Others may wait for the same answer: one who hangs up must not take it with them.
            return await asyncio.shield(under_way)
        except ReviewError as error:
            raise RefusedError(
                Code.AUTH_UNAVAILABLE,
                "The cluster's API server, which says who may do this, gives no answer. "
                "The log of the service names the cause. Try again later.",
                headers={"Retry-After": "1"},
            ) from error

    def _ask(self, token: str, action: Action) -> Verdict:
        user: User | None = self._reviewer.user(token)
        if user is None:
            return Verdict(None, allowed=False)
        return Verdict(user.username, self._reviewer.may(user, self._place, action))

    def _ended(self, key: Key, ended: asyncio.Future[Verdict]) -> None:
        del self._under_way[key]
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


def forbidden(user: str, place: Place, action: Action) -> RefusedError:
    return RefusedError(
        Code.FORBIDDEN,
        f"{user} may not {VERB} {RESOURCE}.{GROUP}/{action} named {place.name} in namespace "
        f"{place.namespace}. Who administers the namespace grants it by: "
        f"{grant(user, place, action)}",
    )


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
