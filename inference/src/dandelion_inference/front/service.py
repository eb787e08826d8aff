"""What the routes share: the model that is ready, the engine that runs it, and their bounds.

Made once by `app.py`; whatever a route lets the model do goes through `Service.while_wanted`.
"""

from __future__ import annotations

import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import uuid4

from starlette.requests import Request

from dandelion_inference.answer.classifier import Classifier, Upload
from dandelion_inference.answer.decoding.decoders import Decoders
from dandelion_inference.answer.drift.monitor import DriftMonitor
from dandelion_inference.answer.engine import Engine
from dandelion_inference.answer.explain.explainer import Explainer
from dandelion_inference.answer.prediction import Outcome, Prediction
from dandelion_inference.answer.progress import Kind, Progress, Workload
from dandelion_inference.errors import Code, RefusedError, together
from dandelion_inference.front.exchange import exchange_of, took
from dandelion_inference.front.waiting import while_wanted
from dandelion_inference.intake.admission import Admission, Place, Streams
from dandelion_inference.intake.auth import AUTHORIZATION_CODES, Authorizer, ForbiddenError
from dandelion_inference.intake.identity import exemplar
from dandelion_inference.intake.upload import FormBounds, Pace, check_declared
from dandelion_inference.intake.verdicts import Action
from dandelion_inference.journal import Journal
from dandelion_inference.journal.recent import UploadRecord
from dandelion_inference.model.network import Model
from dandelion_inference.model.readiness import Readiness
from dandelion_inference.ports.metrics import Metrics
from dandelion_inference.ports.settings import Settings

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Answered:
    """The predictions of one request, and the name they have in feedback and in the log."""

    id: str
    outcomes: Sequence[Outcome]
    """One an image, in order; at least one of them a prediction."""

    @property
    def predictions(self) -> list[Prediction]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, Prediction)]


@dataclass(frozen=True)
class Service:
    settings: Settings
    readiness: Readiness
    metrics: Metrics
    workload: Workload
    engine: Engine
    decoders: Decoders
    classifier: Classifier
    explainer: Explainer
    drift: DriftMonitor
    admission: Admission
    """How many predictions are taken on at once."""
    streams: Streams
    """And how many streams of lines, which take nothing from them."""
    explanations: Admission
    """And how many explanations, nor do these."""
    journal: Journal | None = None
    """Where answers are remembered, if they are."""
    authorizer: Authorizer | None = None
    """Who says whose requests are answered, if not everybody's are."""

    def start(self) -> None:
        """What runs beside the answering."""
        if self.journal is not None:
            self.journal.start()

    async def close(self) -> None:
        """Once nothing is answered any more. Takes a few seconds to write what is left of the log,
        and waits for no work, which may never end."""
        self.engine.close()
        self.explainer.close()
        self.drift.close()
        await self.decoders.close()
        if self.authorizer is not None:
            self.authorizer.close()
        if self.journal is not None:
            self.journal.close()

    @property
    def identity(self) -> dict[str, str]:
        """The name and version that every answer carries."""
        return {"name": self.settings.model_name, "version": self.settings.model_version}

    def require_ready(self) -> None:
        """Raises RefusedError where this pod should get no new clients; for whoever asks.

        Where callers are authorized, a stranger is not told what is in the way: it may name
        addresses. The port of probes tells it.
        """
        try:
            self.readiness.require_ready()
        except RefusedError as refusal:
            if self.authorizer is None:
                raise
            raise RefusedError(
                refusal.code,
                "This pod does not answer now; its log names the cause.",
                headers=refusal.headers,
                reason=refusal.reason,
            ) from refusal

    async def authorize(self, request: Request, action: Action) -> str | None:
        """Who sends that, where anybody asks. Called before a body is read; raises RefusedError for
        a sender who may not do that."""
        if self.authorizer is None:
            return None
        exchange = exchange_of(request)
        tokens = request.headers.getlist("authorization")
        try:
            caller = await self.authorizer.authorize(tokens, action, exchange.trace_headers)
        except ForbiddenError as error:
            exchange.caller = error.user
            raise
        exchange.caller = caller
        return caller

    def new_answer_id(self, predicted: Sequence[bool]) -> str:
        """Names an answer; `predicted` says of each of its images whether it has a prediction."""
        return str(uuid4()) if self.journal is None else self.journal.new_id(predicted)

    @property
    def authorization_codes(self) -> tuple[Code, ...]:
        """The refusals of `authorize`, for the description of a route that calls it."""
        return AUTHORIZATION_CODES if self.authorizer is not None else ()

    def admit(self, request: Request) -> AbstractContextManager[Place]:
        """Holds a place for a prediction; raises RefusedError where there is none."""
        check_declared(request, self.settings.max_upload_bytes)
        return self.admission.admit()

    def admit_explanation(self, request: Request) -> AbstractContextManager[Place]:
        """The same for an explanation."""
        check_declared(request, self.settings.max_upload_bytes)
        return self.explanations.admit()

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

    @contextmanager
    def working(
        self, request: Request, images: int, kind: Kind = Kind.SMALL
    ) -> Iterator[list[Progress]]:
        """Work on so many images of a request, of which will be told what took how long."""
        exchange = exchange_of(request)
        progress: list[Progress] = []
        try:
            with self.workload.images(images, kind) as progress:
                yield progress
        finally:
            # Of an image, only where a trace shows the rest: they cost as much as the counting.
            about = exemplar(exchange.identity) if exchange.identity.trace else {}
            for image in map(took, progress):
                exchange.worked_on(image)
                self.metrics.image_ended(*image, about)

    async def classify(
        self,
        request: Request,
        model: Model,
        images: Sequence[bytes],
        started: float,
        *,
        whole: bool = False,
    ) -> Answered:
        """What the uploads show, counted and remembered; raises as `while_wanted`.

        `started` is when the request arrived, in seconds of `time.perf_counter`. Where every image
        was refused, or any and the answer must be `whole`, RefusedError lists them.
        """
        records = self.journal.upload_records(images) if self.journal else None
        with self.working(request, len(images)) as progress:
            uploads = _uploads(images, progress, records)
            outcomes = await self.while_wanted(request, self.classifier.outcomes(model, uploads))
        return self.answered(request, model, outcomes, progress, started, records, whole=whole)

    def answered(
        self,
        request: Request,
        model: Model,
        outcomes: Sequence[Outcome],
        progress: Sequence[Progress],
        started: float,
        records: Sequence[UploadRecord] | None = None,
        *,
        whole: bool = False,
    ) -> Answered:
        """The outcomes, counted and remembered; raises RefusedError as `classify`."""
        refusals = [outcome for outcome in outcomes if isinstance(outcome, RefusedError)]
        for refusal in refusals:
            self.metrics.refused(refusal.code)
        if refusals and (whole or len(refusals) == len(outcomes)):
            raise together(refusals)
        found = [outcome if isinstance(outcome, Prediction) else None for outcome in outcomes]
        answered = Answered(self.new_answer_id([item is not None for item in found]), outcomes)
        exchange = exchange_of(request)
        if exchange.answer_id is None:  # one of many answers has a name of its own
            exchange.answer_id = answered.id
        drifting = self.drift.recent.exceeded
        for prediction in answered.predictions:
            self.metrics.predicted(prediction.label, prediction.probability, prediction.unknown)
            self.drift.answered(model.contract, prediction)
        if self.journal is not None:
            seconds = time.perf_counter() - started
            self.journal.predicted(
                answered.id,
                model.precision.value,
                model.contract.classes,
                found,
                seconds,
                [took(image) for image in progress],
                exchange.correlation(HTTPStatus.OK),
                records,
                drifting=drifting,
            )
        return answered

    async def while_wanted(self, request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
        """What the work comes to; raises RefusedError and ClientDisconnect as `waiting` does."""
        return await while_wanted(request, self.settings.request_timeout_seconds, work)


def service_of(request: Request) -> Service:
    """What the application that answers this request was made with."""
    service: Service = request.app.state.service
    return service


def _uploads(
    images: Sequence[bytes],
    progress: Sequence[Progress],
    records: Sequence[UploadRecord] | None,
) -> list[Upload]:
    if len(images) == 1:
        return [Upload(images[0], progress[0], record=records[0] if records else None)]
    remembered: Sequence[UploadRecord | None] = records or [None] * len(images)
    each = zip(images, progress, range(1, len(images) + 1), remembered, strict=True)
    return [Upload(*about) for about in each]
