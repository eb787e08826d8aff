"""`POST /feedback`: what an image really shows, said by somebody who knows."""

from __future__ import annotations

from uuid import UUID

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response

from dandelion_inference.answer.prediction import require_class
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front import docs
from dandelion_inference.front.service import Service
from dandelion_inference.intake.upload import read_body

MAX_BYTES = 64 * 1024
HOW = 'send JSON such as {"id": "…", "index": 0, "label": "…"} with the id of an answer'

CODES = (
    Code.MALFORMED_REQUEST,
    Code.UPLOAD_TOO_SLOW,
    Code.FEEDBACK_DISABLED,
    Code.UPLOAD_TOO_LARGE,
    Code.INVALID_REQUEST,
    Code.UNKNOWN_LABEL,
    Code.QUEUE_FULL,
    Code.INTERNAL_ERROR,
    Code.NOT_READY,
)


class FeedbackRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(description="the id of the answer")
    index: int = Field(
        default=0, ge=0, lt=1_000_000, description="which of the answer's predictions"
    )
    label: str = Field(description="what the image shows: one of the model's classes")


class FeedbackResponse(BaseModel):
    id: UUID
    index: int
    label: str


def add_feedback(app: FastAPI, service: Service) -> None:
    @app.post(
        "/feedback",
        status_code=202,
        summary="Tell what an image really shows",
        response_model=FeedbackResponse,
        responses=docs.problems(*CODES, *service.authorization_codes),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": FeedbackRequest.model_json_schema()}},
            }
        }
        | docs.bearer(*service.authorization_codes),
    )
    async def feedback(request: Request) -> Response:
        await service.authorize(request, "feedback")
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
        given = journal.given(str(wanted.id))
        if given is not None and wanted.index >= len(given.labels):
            raise RefusedError(
                Code.INVALID_REQUEST,
                f"That answer has {len(given.labels)} predictions, counted from 0; "
                f"there is none with index {wanted.index}.",
            )
        if not journal.labelled(str(wanted.id), wanted.index, wanted.label):
            raise RefusedError(
                Code.QUEUE_FULL,
                "The object store cannot be written to, and no more feedback fits in memory. "
                "Try again later.",
                headers={"Retry-After": "30"},
            )
        return JSONResponse(FeedbackResponse(**wanted.model_dump()).model_dump(mode="json"), 202)


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
