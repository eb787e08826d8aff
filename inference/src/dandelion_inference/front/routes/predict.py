"""`POST /predict`: images in, classes out. Many of them, one a line, are left to `stream.py`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from dandelion_pictures import ACCEPTED
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from dandelion_inference.errors import Code
from dandelion_inference.front import docs
from dandelion_inference.front.problems import ImageProblem
from dandelion_inference.front.routes.probes import ModelIdentity
from dandelion_inference.front.routes.shown import shown, wanted_classes
from dandelion_inference.front.routes.stream import MEDIA_TYPE as LINES
from dandelion_inference.front.routes.stream import is_stream, stream
from dandelion_inference.front.service import Service, service_of
from dandelion_inference.intake.admission import Place
from dandelion_inference.intake.upload import FormBounds, Pace, read_images


class Classified(BaseModel):
    label: str = Field(description="the most probable class")
    probability: float = Field(ge=0, le=1, description="its probability")
    scores: dict[str, float] = Field(
        description="the probability of every class, in the model's order; with `top`, of so many, "
        "the most probable first"
    )
    unknown: bool | None = Field(
        default=None,
        description="whether the image may be none of the classes: its score is below the model's "
        "threshold, which 95 % of the holdout's images reach. The probabilities do not count then. "
        "Absent where the model has no threshold",
    )
    unknown_score: float | None = Field(
        default=None,
        alias="unknownScore",
        le=1,
        description="what `unknown` is told by: the lower, the less the image is like those of the "
        "classes. The highest probability, plus the log density of the image among those that were "
        "learnt from, where the model has one; not a probability itself, and below 0 for what "
        "looks like nothing of them",
    )


class RefusedImage(BaseModel):
    problem: ImageProblem = Field(description="why this image has no prediction")


class PredictResponse(BaseModel):
    id: str = Field(description="names this answer, for feedback and in the prediction log")
    model: ModelIdentity
    predictions: list[Classified | RefusedImage] = Field(
        description="one for each image, in order; a problem for one that cannot be classified. "
        "Where none can, the whole answer is the problem of the first and lists them all."
    )


_TEXT = {"type": "string", "description": "an image as Base64 or as a data URL"}
INSTANCES: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "description": 'images: texts, or objects such as {"b64": "…"} and {"image": {"b64": "…"}}',
    "items": {},
}
_DOCUMENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "image": _TEXT,
        "images": {"type": "array", "minItems": 1, "items": _TEXT},
        "instances": INSTANCES,
    },
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
PREDICT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One image as the whole body, or a form with one or more of them. The "
        f"format is told from the content: {ACCEPTED}; of an animation, the first frame counts. "
        "Base64 and data URLs are taken for the image that they hold, and so is a part of a form "
        "whose Content-Transfer-Encoding is quoted-printable. In JSON images are such text: one as "
        "`image`, several as `images`, or `instances` as version 1 of KServe's protocol has it. "
        "Addresses of images are not fetched.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            },
            "application/json": {"schema": _DOCUMENT},
            "image/*": _BINARY,
            "application/octet-stream": _BINARY,
        },
    }
}
TOP: dict[str, Any] = {
    "name": "top",
    "in": "query",
    "required": False,
    "description": "So many classes in `scores`, the most probable first; all of them without it. "
    "(JavaScript puts members whose names are whole numbers first, whatever their order.)",
    "schema": {"type": "integer", "minimum": 1},
}
# What `/predict` takes beside what `/explain` takes too.
_LINES: dict[str, Any] = {
    "type": "string",
    "description": 'a document a line, `{"image": "…", "id": "…"}`: any number of images, whose '
    "answers come a line each, in order, as soon as they are there; `id` is the client's own",
}
_STREAMED_BODY = {
    "requestBody": PREDICT_BODY["requestBody"]
    | {"content": PREDICT_BODY["requestBody"]["content"] | {LINES: {"schema": _LINES}}}
}
_ANSWERED_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            LINES: {
                "schema": {
                    "type": "string",
                    "description": "a line for each line: its `index` from 0 (blank lines are not "
                    "counted), the client's `id`, `answer_id` for feedback, and what the image "
                    "shows or a `problem`. Where the stream ends early, a last line has a "
                    "`problem` and with `resume_from` the first index that has no answer.",
                }
            }
        }
    }
}
PREDICT_CODES = (
    Code.MALFORMED_REQUEST,
    Code.EMPTY_UPLOAD,
    Code.NOT_AN_IMAGE,
    Code.ADDRESS_NOT_FETCHED,
    Code.TRUNCATED_IMAGE,
    Code.BROKEN_IMAGE,
    Code.UPLOAD_TOO_SLOW,
    Code.UPLOAD_TOO_LARGE,
    Code.UNSUPPORTED_FORMAT,
    Code.UNSUPPORTED_ENCODING,
    Code.INVALID_REQUEST,
    Code.TOO_MANY_PIXELS,
    Code.MISSING_FILE,
    Code.TOO_MANY_FILES,
    Code.QUEUE_FULL,
    Code.INTERNAL_ERROR,
    Code.NOT_READY,
    Code.DECODER_UNAVAILABLE,
    Code.DEADLINE_EXCEEDED,
)


ReadImages = Callable[[Request, int, FormBounds, Pace, Place], Awaitable[list[bytes]]]


class DirectRoute(APIRoute):
    """Whose endpoint takes the request and makes the answer itself.

    There is nothing to look up or to convert, which FastAPI would spend its time on all the same.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


def add_predict(app: FastAPI, service: Service) -> None:
    app.router.add_api_route(
        "/predict",
        predict,
        methods=["POST"],
        summary="Classify one or more images",
        response_model=PredictResponse,
        responses=_ANSWERED_LINES | docs.problems(*PREDICT_CODES, *service.authorization_codes),
        openapi_extra={"parameters": [TOP]}
        | _STREAMED_BODY
        | docs.bearer(*service.authorization_codes),
        route_class_override=DirectRoute,
    )


async def predict(request: Request) -> Response:
    if is_stream(request):
        return await stream(request)
    return await classified(request, read_images)


async def classified(request: Request, read: ReadImages) -> Response:
    """What the images that `read` finds in the body show; raises RefusedError."""
    started = time.perf_counter()
    service = service_of(request)
    settings = service.settings
    await service.authorize(request, "predict")
    model = service.readiness.require_model()
    top = wanted_classes(request)
    with service.admit(request) as place:
        images = await read(
            request,
            settings.max_upload_bytes,
            service.form_bounds(settings.max_files),
            service.pace,
            place,
        )
        answered = await service.classify(request, model, images, started)
    return JSONResponse(
        {
            "id": answered.id,
            "model": service.identity,
            "predictions": [shown(item, top) for item in answered.outcomes],
        }
    )
