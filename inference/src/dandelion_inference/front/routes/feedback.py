"""`POST /feedback`: what an image really shows, said by somebody who knows."""

from __future__ import annotations

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response

from dandelion_inference.answer.prediction import require_class
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front import docs
from dandelion_inference.front.service import Service, service_of
from dandelion_inference.intake.upload import read_body
from dandelion_inference.journal import Journal
from dandelion_inference.journal.answer_ids import AnswerId

MAX_BYTES = 64 * 1024
HOW = 'send JSON such as {"id": "…", "index": 0, "label": "…"} with the id of an answer'

CODES = (
    Code.MALFORMED_REQUEST,
    Code.UPLOAD_TOO_SLOW,
    Code.FEEDBACK_DISABLED,
    Code.UPLOAD_TOO_LARGE,
    Code.INVALID_REQUEST,
    Code.UNKNOWN_LABEL,
    Code.UNKNOWN_ANSWER,
    Code.QUEUE_FULL,
    Code.INTERNAL_ERROR,
    Code.NOT_READY,
)


class FeedbackRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=4096, description="the id of the answer, as it was given")
    index: int = Field(
        default=0, ge=0, lt=1_000_000, description="which of the answer's predictions"
    )
    label: str = Field(description="what the image shows: one of the model's classes")


class FeedbackResponse(BaseModel):
    id: str
    index: int
    label: str


def add_feedback(app: FastAPI, service: Service) -> None:
    schema = FeedbackRequest.model_json_schema()
    app.add_api_route(
        "/feedback",
        feedback,
        methods=["POST"],
        status_code=202,
        summary="Tell what an image really shows",
        description="It may be told again, by whomever: the last label that was told counts.",
        response_model=FeedbackResponse,
        responses=docs.problems(*CODES, *service.authorization_codes),
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        }
        | docs.bearer(*service.authorization_codes),
    )


async def feedback(request: Request) -> Response:
    service = service_of(request)
    caller = await service.authorize(request, "feedback")
    journal = service.journal
    if journal is None:
        raise RefusedError(
            Code.FEEDBACK_DISABLED,
            "This model keeps no prediction log, so feedback has no place to go. Set "
            "spec.serving.logging.predictions to true in its ModelDeployment.",
        )
    model = service.readiness.require_model()
    body = await read_body(request, MAX_BYTES, service.pace)
    wanted = _parsed(body)
    require_class(wanted.label, model.contract.classes)
    answer = _answer(journal, wanted)
    if not journal.labelled(wanted.id, answer.version, wanted.index, wanted.label, caller):
        raise RefusedError(
            Code.QUEUE_FULL,
            "The object store cannot be written to, and no more feedback fits in memory. "
            "Try again later.",
            headers={"Retry-After": "30"},
        )
    return JSONResponse(wanted.model_dump(mode="json"), 202)


def _answer(journal: Journal, wanted: FeedbackRequest) -> AnswerId:
    """The answer that is corrected; raises RefusedError where there is no such prediction."""
    answer = journal.answer(wanted.id)
    if answer is None:
        raise RefusedError(
            Code.UNKNOWN_ANSWER,
            "The id is of no answer that this model gave; send it whole, as it stands in the "
            "answer. After its prediction log gets another key, older ids count no more.",
        )
    if not answer.images:
        raise RefusedError(Code.INVALID_REQUEST, "That answer has no predictions.")
    if wanted.index not in answer.images:
        indices = ", ".join(str(index) for index in answer.images)
        raise RefusedError(
            Code.INVALID_REQUEST,
            f"That answer has predictions with index {indices}, counted from 0; there is none with "
            f"index {wanted.index}.",
        )
    return answer


def _parsed(body: bytearray) -> FeedbackRequest:
    try:
        return FeedbackRequest.model_validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        if any(problem["type"] == "json_invalid" for problem in problems):
            raise RefusedError(
                Code.MALFORMED_REQUEST, f"The request body is not JSON: {HOW}."
            ) from error
        detail = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'the body'}: {problem['msg']}"
            for problem in problems
        )
        raise RefusedError(Code.INVALID_REQUEST, f"{detail}: {HOW}.") from error
