"""Which questions go to the API server: so many at a time and a second, from all pods together.

Nothing that it says is remembered here but whose tokens were good for something of late: these ask
through a bulkhead of their own, so that invented tokens, which serving pods pass on as they are
sent them, keep nobody's right from being renewed, or its end from being felt. Called by `app.py`,
on the event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.bulkhead import Bulkhead, Limits
from dandelion_inference.intake.reviews import Caller, Place, Question, Review, ReviewError
from dandelion_inference.intake.verdicts import STALE_SECONDS
from dandelion_inference.reviewer.api_server import User
from dandelion_inference.reviewer.metrics import Metrics
from dandelion_inference.reviewer.shares import Shares
from dandelion_inference.reviewer.standing import Standing

# Each review is two requests to the API server.
STRANGERS = Limits(threads=8, unfinished=128, rate=100.0, burst=200.0)
KNOWN = Limits(threads=16, unfinished=512, rate=300.0, burst=600.0)

# The longest that a serving pod is kept waiting, in seconds; its own patience is a little longer.
PATIENCE = 8.0

# Tokens that were good for something in the time for which serving pods may remember them.
REMEMBERED = 20_000

Key = tuple[bytes, str, str, str]


class Asked(Protocol):
    """`api_server.ApiServer`."""

    def user(self, token: str, place: Place, trace: Mapping[str, str]) -> User | None: ...

    def may(self, user: User, place: Place, subresource: str, trace: Mapping[str, str]) -> bool: ...


class Reviews:
    def __init__(
        self,
        api: Asked,
        standing: Standing,
        metrics: Metrics,
        now: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self._api = api
        self._standing = standing
        self._metrics = metrics
        self._now = now
        self._patience = patience
        self._shares = Shares(now)
        self._strangers: Bulkhead[Key, Review] = Bulkhead("strangers", STRANGERS, now)
        self._known: Bulkhead[Key, Review] = Bulkhead("known", KNOWN, now)
        self._good: OrderedDict[bytes, float] = OrderedDict()

    async def review(self, question: Question, sender: str, trace: Mapping[str, str]) -> Review:
        """`sender` is an address. Raises RefusedError where there is no answer."""
        with self._shares.place(sender) as granted:
            if not granted:
                raise self._too_many("This pod asks more than its share")
            return await self._review(question, trace)

    def close(self) -> None:
        self._strangers.close()
        self._known.close()

    async def _review(self, question: Question, trace: Mapping[str, str]) -> Review:
        token = hashlib.sha256(question.token.encode()).digest()
        bulkhead = self._known if self._is_known(token) else self._strangers
        under_way = bulkhead.review(
            (token, question.namespace, question.name, question.subresource),
            partial(self._ask, question, trace),
            partial(self._ended, token),
        )
        if under_way is None:
            raise self._too_many("Too many tokens are being reviewed")
        ended, _ = await asyncio.wait([under_way], timeout=self._patience)
        if not ended:
            raise unavailable(f"the API server has not answered for {self._patience:g} s")
        try:
            return under_way.result()
        except ReviewError as error:
            raise unavailable(str(error)) from error

    def _ask(self, question: Question, trace: Mapping[str, str]) -> Review:
        begun = time.monotonic()
        place = Place(question.namespace, question.name)
        user = self._api.user(question.token, place, trace)
        if user is None:
            return Review()
        allowed = self._api.may(user, place, question.subresource, trace)
        self._metrics.took(time.monotonic() - begun)
        return Review(caller=Caller(username=user.username, uid=user.uid), allowed=allowed)

    def _ended(self, token: bytes, ended: asyncio.Future[Review]) -> None:
        if ended.cancelled():
            return
        error = ended.exception()
        if isinstance(error, ReviewError):
            self._metrics.reviewed("unavailable")
            self._standing.failed(error)
            return
        if error is not None:
            return  # whoever waits for it is told
        review = ended.result()
        if review.caller is None:
            self._good.pop(token, None)
            self._metrics.reviewed("unauthenticated")
            return
        self._standing.answered()
        self._metrics.reviewed("allowed" if review.allowed else "forbidden")
        if review.allowed:
            self._remember(token)

    def _remember(self, token: bytes) -> None:
        self._good[token] = self._now()
        self._good.move_to_end(token)
        if len(self._good) > REMEMBERED:
            self._good.popitem(last=False)

    def _is_known(self, token: bytes) -> bool:
        since = self._good.get(token)
        return since is not None and self._now() - since < STALE_SECONDS

    def _too_many(self, why: str) -> RefusedError:
        self._metrics.reviewed("refused")
        return RefusedError(
            Code.QUEUE_FULL, f"{why}. Try again in a second.", headers={"Retry-After": "1"}
        )


def unavailable(why: str) -> RefusedError:
    return RefusedError(Code.AUTH_UNAVAILABLE, why, headers={"Retry-After": "1"})
