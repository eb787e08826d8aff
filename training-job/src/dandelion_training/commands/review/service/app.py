"""The service's addresses. All but `/healthz` are for the one caller, who names the person.

Bodies are bounded before they are read, pages of the queue in how many are made at a
time, of one namespace one.
"""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import structlog
from dandelion_pictures.signatures import claimed_format, format_of
from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from dandelion_training.commands.review.service.renderer import Renderer
from dandelion_training.commands.review.service.reviews import (
    Model,
    Queue,
    RefusedError,
    Reviews,
    Said,
)
from dandelion_training.commands.review.service.turns import NoTurnError, Turns
from dandelion_training.ports.callers import CallerError, Callers
from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.review.pages import HOUR, Share, Waiting
from dandelion_training.review.prediction_log import Answer, AnswerKey
from dandelion_training.review.queue import Source

LABEL = r"^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$"
DIGEST = r"^[0-9a-f]{64}$"
PEOPLE = 100
NAME_CHARACTERS = 512  # of a person, as the console bounds what a provider calls them
PAGE_LIMIT = 100
BODY_BYTES = 64 * 1024
DECISIONS = 50
LIKELY = 5
PAGES_AT_ONCE = 2
TURN_SECONDS = 5.0
ACCURACY_SECONDS = 5.0

# What browsers show as it is. By its first bytes, as the log itself has it.
MEDIA_TYPES = {
    "a JPEG image": "image/jpeg",
    "a PNG image": "image/png",
    "a GIF image": "image/gif",
    "a BMP image": "image/bmp",
    "a WebP image": "image/webp",
    "an AVIF image": "image/avif",
}
# Of 16 bits a browser shows the upper ones, and so a picture of twelve as black; a model sees it.
PNG, BITS_AT, DEEP = "a PNG image", 24, 16

log = structlog.get_logger()

Name = Annotated[str, Path(pattern=LABEL)]
Person = Annotated[str, Query(min_length=1, max_length=NAME_CHARACTERS)]
People = Annotated[int, Query(ge=1, le=PEOPLE)]
Uid = Annotated[str, Query(min_length=1, max_length=64)]


class SaidDocument(BaseModel):
    """One choice: a label, or none to reject the image."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=1024)
    index: int = Field(ge=0, le=1_000_000)
    image: str = Field(pattern=DIGEST)
    where: str = Field(min_length=1, max_length=1024)
    source: Source
    label: str | None = Field(min_length=1, max_length=1024)


class Decisions(BaseModel):
    """What a person chose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uid: str = Field(min_length=1, max_length=64)
    by: str = Field(min_length=1, max_length=NAME_CHARACTERS)
    people: int = Field(ge=1, le=PEOPLE)
    decisions: list[SaidDocument] = Field(min_length=1, max_length=DECISIONS)


def create_app(reviews: Reviews, callers: Callers, renderer: Renderer) -> FastAPI:
    """The application; `callers` knows who may ask."""
    turns = Turns(PAGES_AT_ONCE, TURN_SECONDS)
    ended = threading.Event()

    def keep_accuracies() -> None:
        while not ended.wait(ACCURACY_SECONDS):
            _keep_accuracies(reviews)
        _keep_accuracies(reviews)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        keeper = threading.Thread(target=keep_accuracies)
        keeper.start()
        yield
        ended.set()
        await run_in_threadpool(keeper.join)

    def known(request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not callers.is_known(token.strip()):
            raise HTTPException(401, "This is for the console alone.")

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    guarded = [Depends(known)]
    _explain(app)

    @app.get("/healthz")
    async def healthy() -> Response:
        return PlainTextResponse("ok\n")

    @app.get("/v1/models/{namespace}/{name}/queue", dependencies=guarded)
    def queue(
        namespace: Name,
        name: Name,
        uid: Uid,
        by: Person,
        share: Share,
        people: People = 1,
        limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50,
        before: Annotated[str, Query(pattern=rf"^(?:{HOUR.pattern})?$")] = "",
    ) -> dict[str, Any]:
        try:
            with turns.turn(namespace):
                model = Model(namespace, name, uid)
                return _document(reviews.queue(model, share, by, people, limit, before))
        except NoTurnError:
            raise HTTPException(
                503, "Others are looking through the log: try again in a moment."
            ) from None

    @app.get("/v1/models/{namespace}/{name}/images/{sha256}", dependencies=guarded)
    def image(
        namespace: Name,
        name: Name,
        sha256: Annotated[str, Path(pattern=DIGEST)],
        rendered: bool = False,
    ) -> Response:
        """As it was sent, or, where a browser cannot show that, as the model sees it."""
        content = reviews.image(Model(namespace, name, ""), sha256)
        if content is None:
            raise HTTPException(404, "The log keeps this image no more.")
        if format_of(content) is None:
            raise RefusedError("It is no image.")
        media_type = None if rendered else _shown_as(content)
        if media_type is not None:
            return Response(content, media_type=media_type)
        try:
            return Response(renderer.jpeg(namespace, content), media_type="image/jpeg")
        except NoTurnError:
            raise HTTPException(503, "Other images are being rendered: try again.") from None

    @app.post("/v1/models/{namespace}/{name}/decisions", dependencies=guarded)
    async def decide(request: Request, namespace: Name, name: Name) -> dict[str, int]:
        sent = _sent(await _body(request))
        model = Model(namespace, name, sent.uid)
        said = [
            Said(AnswerKey(each.id, each.index), each.image, each.where, each.label, each.source)
            for each in sent.decisions
        ]
        kept = await run_in_threadpool(reviews.decide, model, sent.by, sent.people, said)
        told = {"decided": kept.decided, "voted": kept.voted, "known": kept.known}
        log.info("decisions", namespace=namespace, name=name, by=sent.by, **told)
        return told

    return app


def _shown_as(content: bytes) -> str | None:
    """The media type of what browsers show like a model sees it."""
    found = claimed_format(content) or ""
    if found == PNG and content[BITS_AT : BITS_AT + 1] == bytes([DEEP]):
        return None
    return MEDIA_TYPES.get(found)


def _keep_accuracies(reviews: Reviews) -> None:
    try:
        reviews.keep_accuracies()
    except TrainingFailure as failure:
        log.error("live accuracy is not kept; the next decision does", cause=failure.message)


def _explain(app: FastAPI) -> None:
    def told(status: int, message: str) -> Response:
        return JSONResponse({"message": message}, status)

    @app.exception_handler(HTTPException)
    async def refusal(_request: Request, error: HTTPException) -> Response:
        return told(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def no_request(_request: Request, error: RequestValidationError) -> Response:
        fields = ", ".join(str(each["loc"][-1]) for each in error.errors())
        return told(400, f"The request cannot be read: {fields}.")

    @app.exception_handler(RefusedError)
    async def refused(_request: Request, error: RefusedError) -> Response:
        return told(409, str(error))

    @app.exception_handler(TrainingFailure)
    async def failed(_request: Request, failure: TrainingFailure) -> Response:
        log.error("storage failed", reason=failure.reason, cause=failure.message)
        return told(503, failure.message)

    @app.exception_handler(CallerError)
    async def unasked(_request: Request, error: CallerError) -> Response:
        log.error("nobody knows who calls", cause=str(error))
        return told(503, f"Nobody can be let in: {error}.")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise HTTPException(413, f"It is longer than {BODY_BYTES // 1024} KiB.")
    return bytes(body)


def _sent(body: bytes) -> Decisions:
    try:
        return Decisions.model_validate_json(body)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        raise HTTPException(400, f"The decisions cannot be read: {fields}.") from error


def _document(queue: Queue) -> dict[str, Any]:
    page = queue.page
    return {
        "items": [_item(waiting, queue.people) for waiting in page.waiting],
        "before": page.before,
        "unreadable": page.unreadable,
        "passedOver": page.passed_over,
    }


def _item(waiting: Waiting, people: Any) -> dict[str, Any]:
    item, answer = waiting.item, waiting.item.answer
    return {
        "id": answer.id,
        "index": answer.index,
        "image": item.image,
        "where": waiting.where,
        "source": item.source.value,
        "label": answer.label,
        "probability": answer.scores.get(answer.label, 0.0),
        "classes": sorted(answer.scores),
        "likely": _likely(answer),
        "unknown": answer.unknown,
        "told": item.told,
        "version": answer.version,
        "time": answer.time,
        "people": people[item.image],
    }


def _likely(answer: Answer) -> list[str]:
    """What it shows most probably if the answer is wrong."""
    others = (label for label in answer.scores if label != answer.label)
    return sorted(others, key=lambda label: (-answer.scores[label], label))[:LIKELY]
