"""What the routes share: the model that is ready, the engine that runs it, and their bounds.

Made once by `app.py`; every route that works on a model goes through `Service.work`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from dandelion_pictures import Reader
from starlette.requests import ClientDisconnect, Request

from dandelion_inference.answer.engine import Alone, Engine, LargeImage, Work
from dandelion_inference.answer.prediction import Outcome, Prediction, classify
from dandelion_inference.errors import Code, RefusedError, together
from dandelion_inference.intake.admission import Admission, Place, Streams
from dandelion_inference.intake.auth import AUTHORIZATION_CODES, Authorizer
from dandelion_inference.intake.upload import FormBounds, Pace, check_declared
from dandelion_inference.intake.verdicts import Action
from dandelion_inference.journal import Journal
from dandelion_inference.journal.recent import UploadRecord
from dandelion_inference.model.network import Model
from dandelion_inference.model.readiness import Readiness
from dandelion_inference.ports.metrics import Metrics
from dandelion_inference.ports.settings import Settings

Answer = TypeVar("Answer")

# The header that names an answer, whatever its body is.
ANSWER_ID = "Dandelion-Answer-Id"


@dataclass(frozen=True)
class Answered:
    """The predictions of one request, and the name they have in feedback and in the log."""

    id: str
    outcomes: Sequence[Outcome]
    """One an image, in order; at least one of them a prediction."""

    @property
    def predictions(self) -> list[Prediction]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, Prediction)]

    @property
    def headers(self) -> dict[str, str]:
        """What every answer with predictions says beside its body."""
        return {ANSWER_ID: self.id}


@dataclass(frozen=True)
class Service:
    settings: Settings
    readiness: Readiness
    metrics: Metrics
    reader: Reader
    engine: Engine
    admission: Admission
    streams: Streams
    """What comes a line at a time has a share of its own."""
    journal: Journal | None = None
    """Where answers are remembered, if they are."""
    authorizer: Authorizer | None = None
    """Who says whose requests are answered, if not everybody's are."""

    def start(self) -> None:
        """What runs beside the answering."""
        if self.journal is not None:
            self.journal.start()

    def close(self) -> None:
        """Once nothing is being answered any more; may take a few seconds."""
        self.engine.close()
        if self.authorizer is not None:
            self.authorizer.close()
        if self.journal is not None:
            self.journal.close()

    @property
    def identity(self) -> dict[str, str]:
        """The name and version that every answer carries."""
        return {"name": self.settings.model_name, "version": self.settings.model_version}

    async def authorize(self, request: Request, action: Action) -> str | None:
        """Who sends that, where anybody asks. Called before a body is read; raises RefusedError for
        a sender who may not do that."""
        if self.authorizer is None:
            return None
        return await self.authorizer.authorize(request.headers.getlist("authorization"), action)

    @property
    def authorization_codes(self) -> tuple[Code, ...]:
        """The refusals of `authorize`, for the description of a route that calls it."""
        return AUTHORIZATION_CODES if self.authorizer is not None else ()

    def admit(self, request: Request) -> AbstractContextManager[Place]:
        """Holds a place in the queue for a request; raises RefusedError where there is none."""
        check_declared(request, self.settings.max_upload_bytes)
        return self.admission.admit()

    def form_bounds(self, max_files: int) -> FormBounds:
        """How much a form with so many files may hold."""
        settings = self.settings
        parts = max(settings.max_form_parts, max_files)
        return FormBounds(max_files, parts, settings.max_part_header_bytes)

    @property
    def pace(self) -> Pace:
        """How slowly a body may arrive."""
        settings = self.settings
        return Pace(
            settings.upload_seconds,
            settings.upload_min_bytes_per_second,
            settings.upload_window_seconds,
        )

    async def classify(
        self,
        request: Request,
        model: Model,
        images: list[bytes],
        started: float,
        *,
        whole: bool = False,
    ) -> Answered:
        """What the uploads show, counted and remembered. Empties `images`; raises as `predict`."""
        records = self.journal.upload_records(images) if self.journal else None
        works = classify(self.reader, model, images)
        if records is not None:
            works = with_digests(works, records)
        return await self.predict(request, model, works, started, records, whole=whole)

    async def predict(
        self,
        request: Request,
        model: Model,
        works: Sequence[Work[Outcome]],
        started: float,
        records: Sequence[UploadRecord] | None = None,
        *,
        whole: bool = False,
    ) -> Answered:
        """The works' outcomes, counted and remembered; raises as `work`.

        `started` is when the request arrived, in seconds of `time.perf_counter`. Where every image
        was refused, or any and the answer must be `whole`, RefusedError lists them.
        """
        outcomes: list[Outcome] = await self.work(request, works)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, RefusedError)]
        for refusal in refusals:
            self.metrics.refused(refusal.code)
        if refusals and (whole or len(refusals) == len(outcomes)):
            raise together(refusals)
        found = [outcome if isinstance(outcome, Prediction) else None for outcome in outcomes]
        name = str(uuid4())
        if self.journal is not None:
            name = self.journal.new_id([prediction is not None for prediction in found])
        answered = Answered(name, outcomes)
        for prediction in answered.predictions:
            self.metrics.predicted(prediction.label, prediction.probability, prediction.unknown)
        if self.journal is not None:
            seconds = time.perf_counter() - started
            self.journal.predicted(
                answered.id,
                model.precision.value,
                model.contract.classes,
                found,
                seconds,
                records,
            )
        return answered

    async def work(self, request: Request, works: Sequence[Work[Answer]]) -> list[Answer]:
        """The works' answers, in order, for as long as somebody waits for them.

        Raises:
            RefusedError: a work refused its input, or the deadline passed.
            ClientDisconnect: the client hung up. What had not begun never will.
        """
        seconds = self.settings.request_timeout_seconds
        try:
            async with _connected(request), asyncio.timeout(seconds):
                return await self.engine.run(works)
        except TimeoutError:
            raise RefusedError(
                Code.DEADLINE_EXCEEDED,
                f"The answer was not there within {seconds:g} s. Try again later, send fewer "
                f"images at once, or add replicas.",
                headers={"Retry-After": "1"},
            ) from None


def service_of(request: Request) -> Service:
    """What the application that answers this request was made with."""
    service: Service = request.app.state.service
    return service


def with_digests(
    works: Sequence[Work[Answer]], records: Sequence[UploadRecord]
) -> list[Work[Answer]]:
    """The same works, each of which computes the digest of its upload first."""
    return [_with_digest(work, record) for work, record in zip(works, records, strict=True)]


def _with_digest(work: Work[Answer], record: UploadRecord) -> Work[Answer]:
    def digest_and_work(alone: Alone) -> Answer | LargeImage[Answer]:
        record.compute_digest()
        return work(alone)

    return digest_and_work


@asynccontextmanager
async def _connected(request: Request) -> AsyncIterator[None]:
    """Ends what is done inside with ClientDisconnect when the client has gone.

    Only for a request whose body has been read.
    """
    task = asyncio.current_task()
    assert task is not None
    watch = asyncio.ensure_future(_hung_up(request))
    inside = True

    def end(watch: asyncio.Future[None]) -> None:
        if inside and not watch.cancelled():
            task.cancel()

    watch.add_done_callback(end)
    try:
        yield
    except asyncio.CancelledError:
        if not watch.done():
            raise
        task.uncancel()
        raise ClientDisconnect from None
    finally:
        inside = False
        watch.cancel()


async def _hung_up(request: Request) -> None:
    """Returns when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
