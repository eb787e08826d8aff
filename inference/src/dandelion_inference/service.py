"""What the routes share: the model that is ready, the engine that runs it, and their bounds.

Made once by `app.py`; every route that works on a model goes through `Service.work`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from dandelion_inference.admission import Admission
from dandelion_inference.engine import Engine, Work
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.image import ImageReader
from dandelion_inference.metrics import Metrics
from dandelion_inference.readiness import Readiness
from dandelion_inference.settings import Settings
from dandelion_inference.upload import declared_size

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Service:
    settings: Settings
    readiness: Readiness
    metrics: Metrics
    reader: ImageReader
    engine: Engine
    admission: Admission

    @property
    def identity(self) -> dict[str, str]:
        """The name and version that every answer carries."""
        return {"name": self.settings.model_name, "version": self.settings.model_version}

    def admit(self, request: Request) -> AbstractContextManager[None]:
        """Holds a place in the queue for a request; raises RefusedError where there is none."""
        return self.admission.admit(declared_size(request, self.settings.max_upload_bytes))

    async def work(self, request: Request, works: Sequence[Work[Answer]]) -> list[Answer]:
        """The works' answers, in order, for as long as somebody waits for them.

        Raises:
            RefusedError: a work refused its input, or the deadline passed.
            ClientDisconnect: the client hung up. What had not begun never will.
        """
        seconds = self.settings.request_timeout_seconds
        answers = asyncio.ensure_future(self.engine.run(works))
        gone = asyncio.ensure_future(_hung_up(request))
        try:
            await asyncio.wait(
                (answers, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if answers.done():
                return answers.result()
            if gone.done():
                raise ClientDisconnect
            raise RefusedError(
                Code.DEADLINE_EXCEEDED,
                f"The answer was not there within {seconds:g} s. Try again later, send fewer "
                f"images at once, or add replicas.",
                headers={"Retry-After": "1"},
            )
        finally:
            answers.cancel()
            gone.cancel()
            # A failure's traceback leads here: what it holds, the upload too, would wait for the
            # garbage collector in a circle.
            del answers, gone


async def _hung_up(request: Request) -> None:
    """Returns when the client has gone. Only for a request whose body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
