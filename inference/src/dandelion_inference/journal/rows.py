"""What the journal writes: the shape of a row, and the name of the object that holds it.

Pure: time and place come in as arguments. Called by `journal` and `writer.py`.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from dandelion_pictures.signatures import claimed_format

# What a row holds in memory besides its scores, measured and rounded up.
ROW_BYTES = 1300

MEDIA_TYPES = {
    "a JPEG image": "image/jpeg",
    "a PNG image": "image/png",
    "a GIF image": "image/gif",
    "a BMP image": "image/bmp",
    "a TIFF image": "image/tiff",
    "a WebP image": "image/webp",
    "an AVIF image": "image/avif",
    "a HEIC image": "image/heic",
    "a HEIF image": "image/heif",
}


class Kind(StrEnum):
    """What is written; also the folder that it is written to."""

    PREDICTIONS = "predictions"
    FEEDBACK = "feedback"
    IMAGES = "images"


class Source(StrEnum):
    """Why people are asked about an answer."""

    SAMPLE = "sample"
    CORRECTION = "correction"
    DRIFT = "drift"


@dataclass(frozen=True)
class Origin:
    """Who writes, and for which resource."""

    namespace: str
    name: str
    version: str
    contract: str
    """Digest of the contract of the model that answers."""
    pod: str
    uid: str = ""
    """Tells the resource from a former one of its name; empty where it is not known."""

    @property
    def resource(self) -> dict[str, str]:
        """What every row says of whom it is about, wherever it is copied to."""
        known = {"uid": self.uid} if self.uid else {}
        return {"namespace": self.namespace, "name": self.name, **known}


@dataclass(frozen=True, slots=True)
class Correlation:
    """What leads from a row to its request, in the words of the access log."""

    request_id: str
    trace_id: str | None
    """Where the request belongs to a trace."""
    caller: str | None
    """Where callers are known."""
    code: int
    """Of the answer, as HTTP has it."""


class Took(NamedTuple):
    """What one image took, in seconds."""

    queue: float
    decode: float
    compute: float


class Scored(Protocol):
    """What was answered for one image."""

    @property
    def label(self) -> str: ...

    @property
    def probability(self) -> float: ...

    @property
    def scores(self) -> Mapping[str, float]:
        """The probability of each class, in the order of the classes."""
        ...

    @property
    def unknown(self) -> bool | None:
        """Whether it may be none of the classes; None where nobody can tell."""
        ...

    @property
    def unknown_score(self) -> float | None:
        """What that was told by."""
        ...


@dataclass(frozen=True, slots=True)
class Predicted:
    """One image of one answer. The scores lie in the order of the classes."""

    time: float
    answer: str
    index: int
    classes: Sequence[str]
    label: str
    probability: float
    scores: array[float]
    unknown: bool | None
    unknown_score: float | None
    precision: str
    image: str | None
    seconds: float
    took: Took
    correlation: Correlation
    review_sample: bool | None = None
    """Whether it is one of the random share that people review; None where nobody does."""
    drift_sample: bool | None = None
    """The same of those that are drawn during drift alone; None while there is none, too."""

    kind = Kind.PREDICTIONS

    @property
    def size(self) -> int:
        return ROW_BYTES + len(self.scores) * self.scores.itemsize

    @property
    def asks(self) -> Source | None:
        """Why people are asked about it; of what came without an image nobody is."""
        if self.image is None:
            return None
        if self.review_sample:
            return Source.SAMPLE
        return Source.DRIFT if self.drift_sample else None

    def document(self, origin: Origin) -> dict[str, Any]:
        correlation = self.correlation
        known = {
            "unknown": self.unknown,
            "unknownScore": self.unknown_score,
            "reviewSample": self.review_sample,
            "driftSample": self.drift_sample,
            "requestId": correlation.request_id,
            "traceId": correlation.trace_id,
            "caller": correlation.caller,
        }
        return {
            "time": timestamp(self.time),
            "id": self.answer,
            "index": self.index,
            **origin.resource,
            "version": origin.version,
            "contract": origin.contract,
            "precision": self.precision,
            "imageSha256": self.image,
            "label": self.label,
            "probability": self.probability,
            "scores": dict(zip(self.classes, self.scores, strict=True)),
            **{key: value for key, value in known.items() if value is not None},
            "code": correlation.code,
            "latencySeconds": round(self.seconds, 6),
            "queueSeconds": round(self.took.queue, 6),
            "decodeSeconds": round(self.took.decode, 6),
            "computeSeconds": round(self.took.compute, 6),
        }


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a person said that an image shows. Of several rows for the same id and index, the one
    with the latest time counts.

    Image and prediction are known where this very pod gave the answer not long ago; otherwise they
    stand in the prediction's own row, under the same id.
    """

    time: float
    answer: str
    version: str
    index: int
    label: str
    image: str | None = None
    predicted: str | None = None
    caller: str | None = None
    """Who said so, where callers are known."""

    kind = Kind.FEEDBACK
    size = ROW_BYTES

    @property
    def asks(self) -> Source | None:
        """What is not known to confirm the answer counts as a correction."""
        return None if self.label == self.predicted else Source.CORRECTION

    def document(self, origin: Origin) -> dict[str, Any]:
        row = {
            "time": timestamp(self.time),
            "id": self.answer,
            "index": self.index,
            **origin.resource,
            "imageSha256": self.image,
            "version": self.version,
            "predicted": self.predicted,
            "label": self.label,
            "caller": self.caller,
        }
        return {key: value for key, value in row.items() if value is not None}


Row = Predicted | Labelled


@dataclass(frozen=True, slots=True)
class LoggedImage:
    """An upload, byte for byte."""

    sha256: str
    data: bytes


def predicted(
    time: float, answer: str, index: int, prediction: Scored, precision: str,
    classes: Sequence[str], image: str | None, seconds: float, took: Took,
    correlation: Correlation, review_sample: bool | None = None, drift_sample: bool | None = None,
) -> Predicted:  # fmt: skip
    """A row that shares the classes with all others: a thousand of them in each would add up."""
    return Predicted(
        time=time,
        answer=answer,
        index=index,
        classes=classes,
        label=prediction.label,
        probability=prediction.probability,
        scores=array("d", prediction.scores.values()),
        unknown=prediction.unknown,
        unknown_score=prediction.unknown_score,
        precision=precision,
        image=image,
        seconds=seconds,
        took=took,
        correlation=correlation,
        review_sample=review_sample,
        drift_sample=drift_sample,
    )


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def folder(row: Row) -> str:
    """By day and hour in UTC, the way that query engines find partitions."""
    return datetime.fromtimestamp(row.time, UTC).strftime(f"{row.kind}/date=%Y-%m-%d/hour=%H")


def rows_name(prefix: str, origin: Origin, folder: str, milliseconds: int, number: int) -> str:
    """Named by who wrote it and when, so that no two pods and no two flushes ever meet."""
    return _name(prefix, origin, f"{folder}/{origin.pod}-{milliseconds}-{number}.jsonl.gz")


def image_name(prefix: str, origin: Origin, sha256: str) -> str:
    """Named by its content, so that the same image is one object whoever writes it."""
    return _name(prefix, origin, f"{Kind.IMAGES}/{sha256}")


def _name(prefix: str, origin: Origin, rest: str) -> str:
    parts = (prefix, origin.namespace, origin.name, rest)
    return "/".join(part for part in parts if part)


def media_type(data: bytes) -> str:
    """By content, as everything that the service believes about an upload."""
    return MEDIA_TYPES.get(claimed_format(data) or "", "application/octet-stream")
