"""What can go wrong, and what a client is told: the one table from domain error to HTTP status.

Whoever refuses a request raises `RefusedError` with a code from here; `front/problems.py` turns it
into RFC 9457 problem JSON. Whoever cannot load the model raises `LoadError`; `model/loader.py`
keeps its reason where `/readyz` shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Code(StrEnum):
    """Machine-readable cause of a refused request; clients may rely on these words."""

    MALFORMED_REQUEST = "MalformedRequest"
    EMPTY_UPLOAD = "EmptyUpload"
    NOT_AN_IMAGE = "NotAnImage"
    ADDRESS_NOT_FETCHED = "AddressNotFetched"
    TRUNCATED_IMAGE = "TruncatedImage"
    BROKEN_IMAGE = "BrokenImage"
    INVALID_TENSOR = "InvalidTensor"
    NOT_FOUND = "NotFound"
    UNKNOWN_MODEL = "UnknownModel"
    METHOD_NOT_ALLOWED = "MethodNotAllowed"
    UPLOAD_TOO_SLOW = "UploadTooSlow"
    UPLOAD_TOO_LARGE = "UploadTooLarge"
    HEADERS_TOO_LARGE = "HeadersTooLarge"
    UNSUPPORTED_FORMAT = "UnsupportedFormat"
    UNSUPPORTED_ENCODING = "UnsupportedEncoding"
    INVALID_REQUEST = "InvalidRequest"
    TOO_MANY_PIXELS = "TooManyPixels"
    MISSING_FILE = "MissingFile"
    TOO_MANY_FILES = "TooManyFiles"
    UNKNOWN_LABEL = "UnknownLabel"
    UNKNOWN_ANSWER = "UnknownAnswer"
    QUEUE_FULL = "QueueFull"
    INTERNAL_ERROR = "InternalError"
    NOT_READY = "NotReady"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    FEEDBACK_DISABLED = "FeedbackDisabled"
    UNAUTHENTICATED = "Unauthenticated"
    FORBIDDEN = "Forbidden"
    AUTH_UNAVAILABLE = "AuthUnavailable"
    DECODER_UNAVAILABLE = "DecoderUnavailable"


@dataclass(frozen=True)
class Answer:
    status: int
    title: str


TABLE: Mapping[Code, Answer] = MappingProxyType(
    {
        Code.MALFORMED_REQUEST: Answer(400, "The request body cannot be parsed"),
        Code.EMPTY_UPLOAD: Answer(400, "The upload is empty"),
        Code.NOT_AN_IMAGE: Answer(400, "The upload is not an image"),
        Code.ADDRESS_NOT_FETCHED: Answer(400, "Images are not fetched from elsewhere"),
        Code.TRUNCATED_IMAGE: Answer(400, "The image ends too early"),
        Code.BROKEN_IMAGE: Answer(400, "The image cannot be decoded"),
        Code.INVALID_TENSOR: Answer(400, "The tensors are not what the model takes or gives"),
        Code.UNAUTHENTICATED: Answer(401, "The request does not say who sends it"),
        Code.FORBIDDEN: Answer(403, "The sender may not do this"),
        Code.NOT_FOUND: Answer(404, "There is nothing here"),
        Code.UNKNOWN_MODEL: Answer(404, "This model or version is not served here"),
        Code.METHOD_NOT_ALLOWED: Answer(405, "This address does not accept that method"),
        Code.UPLOAD_TOO_SLOW: Answer(408, "The upload took too long"),
        Code.FEEDBACK_DISABLED: Answer(409, "Feedback is not kept"),
        Code.UPLOAD_TOO_LARGE: Answer(413, "The upload is too large"),
        Code.UNSUPPORTED_FORMAT: Answer(415, "This file format is not supported"),
        Code.UNSUPPORTED_ENCODING: Answer(415, "Compressed request bodies are not supported"),
        Code.INVALID_REQUEST: Answer(422, "The request is not valid"),
        Code.TOO_MANY_PIXELS: Answer(422, "The image has too many pixels"),
        Code.MISSING_FILE: Answer(422, "The request holds no image"),
        Code.TOO_MANY_FILES: Answer(422, "The request holds too many images"),
        Code.UNKNOWN_LABEL: Answer(422, "The model has no such class"),
        Code.UNKNOWN_ANSWER: Answer(422, "The model gave no such answer"),
        Code.HEADERS_TOO_LARGE: Answer(431, "The headers are too large"),
        Code.QUEUE_FULL: Answer(429, "Too many requests are being answered"),
        Code.INTERNAL_ERROR: Answer(500, "The service failed"),
        Code.NOT_READY: Answer(503, "The model is not ready"),
        Code.AUTH_UNAVAILABLE: Answer(503, "Nobody can say who may do this"),
        Code.DECODER_UNAVAILABLE: Answer(503, "The image could not be decoded this time"),
        Code.DEADLINE_EXCEEDED: Answer(504, "The answer took too long"),
    }
)


class RefusedError(Exception):
    """A request that is not answered with a prediction, and why."""

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
        each: Sequence[RefusedError] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.reason = reason
        self.each = each
        """Where several images were refused: what is wrong with each of them."""

    def about_file(self, position: int) -> RefusedError:
        """The same, for one of several files."""
        detail = f"File {position}: {self.detail}"
        return RefusedError(self.code, detail, headers=self.headers, reason=self.reason)


def together(refusals: Sequence[RefusedError]) -> RefusedError:
    """One refusal of a request for those of its images: the first, which lists them all."""
    first = refusals[0]
    if len(refusals) == 1:
        return first
    return RefusedError(
        first.code, first.detail, headers=first.headers, reason=first.reason, each=refusals
    )


class Reason(StrEnum):
    """Why the service is not ready. The operator copies these into the RolledOut condition."""

    LOADING = "Loading"
    DRAINING = "Draining"
    DIGEST_MISMATCH = "DigestMismatch"
    ARTIFACT_MISSING = "ArtifactMissing"
    CREDENTIALS_REJECTED = "CredentialsRejected"
    STORAGE_UNREACHABLE = "StorageUnreachable"
    MODEL_INVALID = "ModelInvalid"


class LoadError(Exception):
    """The model cannot be served, and why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
