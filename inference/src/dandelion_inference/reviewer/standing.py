"""Whether this pod can ask the API server: what its readiness says.

It is ready once the API server has answered both kinds of question, and for as long as it is not
this pod's own rights or files that are at fault. An API server that is silent is silent to every
pod, and sending serving pods elsewhere would only keep from them what is wrong. Told by
`reviews.py` and by `run`, which asks where nobody else does; read by `probes.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from dandelion_inference.intake.reviews import Place, ReviewError
from dandelion_inference.reviewer.api_server import ApiServer, OwnRightsError, User

# How old the last answer may be, in seconds, before the API server is asked for its own sake.
CHECK_SECONDS = 10.0
NOBODY = "not-a-token"
NOWHERE = Place("default", "nothing")

log = structlog.get_logger()


class Standing:
    draining = False

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._obstacle = "The API server has not been asked yet."
        self._answered_at = -CHECK_SECONDS
        self._proven = False
        self._complaint = ""

    @property
    def obstacle(self) -> str:
        """Why this pod should be sent no questions; empty: it should."""
        return "The pod is about to stop." if self.draining else self._obstacle

    def answered(self) -> None:
        """Both kinds of question, just now."""
        self._proven, self._obstacle, self._complaint = True, "", ""
        self._answered_at = self._now()

    def failed(self, error: ReviewError) -> None:
        if isinstance(error, OwnRightsError) or not self._proven:
            self._proven = False
            self._obstacle = str(error)
        if str(error) != self._complaint:
            # Once, not for every question.
            log.error("tokens cannot be reviewed", detail=str(error))
        self._complaint = str(error)

    async def run(self, api: ApiServer) -> None:
        """For ever. Asks whose an invented token is, and what somebody without a name may."""
        while True:
            if self._now() - self._answered_at >= CHECK_SECONDS:
                try:
                    await asyncio.to_thread(_ask_both, api)
                except ReviewError as error:
                    self.failed(error)
                else:
                    self.answered()
            await asyncio.sleep(CHECK_SECONDS if self._proven else 1.0)


def _ask_both(api: ApiServer) -> None:
    api.user(NOBODY, NOWHERE, {})
    api.may(User(username="system:anonymous"), NOWHERE, "predict", {})
