"""`POST /predict` with newline-delimited JSON: an image a line in, its answer a line out.

Any number of images goes through one request, in bounded memory: a line is held only while it is
worked on, and the client is not read from while enough of its lines are. All streams together are
worked on by as many workers as there are processors, and have a share of the admission of their
own, so that requests with a single answer never find the queue full because of them. Called by
`predict.py`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front import problems
from dandelion_inference.front.exchange import exchange_of
from dandelion_inference.front.routes.shown import shown, wanted_classes
from dandelion_inference.front.service import Service, service_of
from dandelion_inference.intake.admission import Place
from dandelion_inference.intake.documents.instances import line_of
from dandelion_inference.intake.documents.lines import Lines
from dandelion_inference.intake.upload import check_encoding
from dandelion_inference.model.network import Model

MEDIA_TYPE = "application/x-ndjson"
MEDIA_TYPES = frozenset({MEDIA_TYPE, "application/ndjson", "application/jsonl"})

# A stream lasts as long as its client likes: among the durations of single answers it would be
# noise, so it is counted under a name of its own.
ROUTE = SimpleNamespace(path="/predict (stream)")

HEADERS = [
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the answers back
]

log = structlog.get_logger()


def is_stream(request: Request) -> bool:
    content_type = request.headers.get("content-type", "").lower()
    return "json" in content_type and content_type.partition(";")[0].strip() in MEDIA_TYPES


async def stream(request: Request) -> Response:
    """Raises RefusedError, where there is no answer at all."""
    request.scope["route"] = ROUTE
    service = service_of(request)
    await service.authorize(request, "predict")
    model = service.readiness.require_model()
    top = wanted_classes(request)
    check_encoding(request)
    # Each line has a name of its own.
    exchange_of(request).answer_id = service.new_answer_id(())
    return _Stream(service, request, model, top)


class _Stream(Response):
    """Reads and answers at the same time."""

    def __init__(self, service: Service, request: Request, model: Model, top: int | None) -> None:
        super().__init__()
        self._service = service
        self._request = request
        self._model = model
        self._top = top
        # What ends the work on a line is the end of the stream, seen by who reads.
        self._line_request = Request(request.scope, _never)
        self._lines = 0
        self._working: set[asyncio.Task[Mapping[str, Any]]] = set()
        self._answers: asyncio.Queue[asyncio.Task[Mapping[str, Any]] | None] = asyncio.Queue(
            service.streams.lines_at_once
        )
        self._end: RefusedError | None = None
        self._started = False

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        if await self._has_told_all(send):
            # Whoever hears the end may begin the next stream at once: its place is free by then.
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _has_told_all(self, send: Send) -> bool:
        """False where the client has left before."""
        with self._service.streams.admit() as place:
            place.begin()
            reading = asyncio.ensure_future(self._read(place))
            writing = asyncio.ensure_future(self._write(send))
            try:
                await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
                (writing if writing.done() else reading).result()
                return True
            except ClientDisconnect:
                if not self._started:
                    raise
                return False
            finally:
                tasks = (reading, writing, *self._working)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, place: Place) -> None:
        """Ends only with the client: in ClientDisconnect."""
        service = self._service
        lines = Lines(
            self._request,
            service.settings.max_upload_bytes,
            service.pace,
            place,
            self._no_more,
        )
        try:
            async for text in lines:
                task = asyncio.ensure_future(self._answer(self._lines, text, place))
                self._lines += 1
                self._working.add(task)
                task.add_done_callback(self._working.discard)
                await self._answers.put(task)
                while self._working and service.streams.crowded:
                    await asyncio.wait(self._working, return_when=asyncio.FIRST_COMPLETED)
        except RefusedError as refusal:
            self._end = refusal
        await self._answers.put(None)
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    def _no_more(self) -> RefusedError | None:
        try:
            self._service.readiness.require_ready()
        except RefusedError as refusal:
            return refusal
        return None

    async def _answer(
        self, index: int, text: bytes | RefusedError, place: Place
    ) -> Mapping[str, Any]:
        """What is told of one line."""
        told: dict[str, Any] = {"index": index}
        try:
            if isinstance(text, RefusedError):
                raise text
            return told | await self._classified(text, told)
        except RefusedError as refusal:
            return told | {"problem": problems.details(refusal.code, refusal.detail)}
        except Exception as error:
            log.error("a line failed", line=index, exc_info=error)
            detail = "The service failed on this line; its log names the cause. Try again."
            return told | {"problem": problems.details(Code.INTERNAL_ERROR, detail)}
        finally:
            if not isinstance(text, RefusedError):
                place.release(len(text))

    async def _classified(self, text: bytes, told: dict[str, Any]) -> dict[str, Any]:
        service = self._service
        # A right may be withdrawn while the stream goes on.
        await service.authorize(self._request, "predict")
        async with service.streams.turn:
            started = time.perf_counter()
            line = await line_of(text)
            if line.id is not None:
                told["id"] = line.id
            answered = await service.classify(
                self._line_request, self._model, [line.image], started
            )
        [outcome] = answered.outcomes
        return {"answer_id": answered.id, **shown(outcome, self._top)}

    async def _write(self, send: Send) -> None:
        while (task := await self._answers.get()) is not None:
            await self._send(send, await task)
        if self._end is not None:
            if not self._started:
                raise self._end
            problem = problems.details(self._end.code, self._end.detail)
            problem["detail"] += f" Send the lines from index {self._lines} on again."
            await self._send(send, {"problem": problem, "resume_from": self._lines})
        elif not self._started:
            raise RefusedError(
                Code.EMPTY_UPLOAD,
                'The request body has no lines: send {"image": "…"} on each, an image as Base64.',
            )

    async def _send(self, send: Send, told: Mapping[str, Any]) -> None:
        if not self._started:
            self._started = True
            await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
        line = json.dumps(told).encode() + b"\n"
        await send({"type": "http.response.body", "body": line, "more_body": True})


async def _never() -> Message:
    await asyncio.get_running_loop().create_future()
    raise AssertionError
