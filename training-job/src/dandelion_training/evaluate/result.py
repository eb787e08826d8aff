"""The evaluation of one artifact on the holdout of one dataset version, as evaluation.json.

Made once and never changed. It holds the confusion and what cannot be derived from it; the figures
beside them are written for people and for the gate, and a document whose figures do not follow
from its confusion is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_training.evaluate.answers.collector import Collected
from dandelion_training.evaluate.answers.record import Digest, Share
from dandelion_training.evaluate.documents import Unreadable, compact_json, refused, rounded
from dandelion_training.evaluate.figures.calibration import Calibration, UnknownScore, calibrated
from dandelion_training.evaluate.figures.confusion import ClassFigures, Confusion
from dandelion_training.evaluate.figures.corruptions import STRENGTHS, Robustness

API_VERSION: Literal["dandelion.dev/evaluation/v1"] = "dandelion.dev/evaluation/v1"
FILE = "evaluation.json"
ROUNDING = 2e-6

Place = Annotated[int, Field(ge=0, lt=1 << 31)]
Count = Annotated[int, Field(gt=0, lt=1 << 31)]


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """What is known of one artifact on one holdout.

    `dataset`, `contract` and `answers` are digests: of the version, of the artifact's contract and
    of answers.jsonl.gz. `precision` and `engine` are what computed the answers. `not_known` counts
    the holdout's images of classes that the model does not have; they were not evaluated.
    """

    dataset: str
    contract: str
    answers: str
    precision: str
    engine: str
    classes: tuple[str, ...]
    confusion: Confusion
    mean_confidence: float
    calibration: Calibration
    robustness: Robustness | None
    not_known: Mapping[str, int]


def evaluated(
    collected: Collected,
    answers: str,
    precision: str,
    engine: str,
    robustness: Robustness | None = None,
    not_known: Mapping[str, int] | None = None,
) -> EvaluationResult:
    """The result of what was collected; `answers` is the digest of what `write_answers` gave."""
    found = collected.answers
    return EvaluationResult(
        dataset=found.dataset,
        contract=found.contract,
        answers=answers,
        precision=precision,
        engine=engine,
        classes=found.classes,
        confusion=Confusion.counted(found.label, found.predicted, len(found.classes)),
        mean_confidence=collected.mean_confidence,
        calibration=calibrated(collected.logits, collected.labels, collected.log_density),
        robustness=robustness,
        not_known=not_known or {},
    )


def write_result(result: EvaluationResult) -> bytes:
    """The exact bytes of evaluation.json."""
    return compact_json(described(result))


def described(result: EvaluationResult) -> dict[str, Any]:
    """As it is written. Shares have six decimals; `classes` are in the order of the contract, and
    `confusion` is [truth, predicted, images] with the classes' places in that order.
    """
    confusion = result.confusion
    pairs = zip(
        confusion.truth.tolist(),
        confusion.predicted.tolist(),
        confusion.count.tolist(),
        strict=True,
    )
    return {
        "apiVersion": API_VERSION,
        "dataset": result.dataset,
        "contract": result.contract,
        "answers": result.answers,
        "precision": result.precision,
        "engine": result.engine,
        "images": confusion.images,
        "notKnown": dict(result.not_known),
        **_figures(result.classes, confusion),
        "meanConfidence": rounded(result.mean_confidence),
        "calibration": _calibration(result.calibration),
        "robustness": _robustness(result.robustness),
        "confusion": [list(pair) for pair in pairs],
    }


def _figures(classes: tuple[str, ...], confusion: Confusion) -> dict[str, Any]:
    """All that follows from the confusion."""
    return {
        "metrics": {
            "accuracy": rounded(confusion.accuracy),
            "macroF1": rounded(confusion.macro_f1),
        },
        "classes": [
            _class(name, figures)
            for name, figures in zip(classes, confusion.by_class(), strict=True)
        ],
        "neverAnswered": [classes[index] for index in confusion.never_answered],
    }


def _class(name: str, figures: ClassFigures) -> dict[str, Any]:
    return {
        "name": name,
        "support": figures.support,
        "predicted": figures.predicted,
        "recall": _maybe(figures.recall),
        "recallInterval": [rounded(end) for end in figures.recall_interval],
        "precision": _maybe(figures.precision),
        "f1": _maybe(figures.f1),
    }


def _calibration(found: Calibration) -> dict[str, Any]:
    return {
        "temperature": rounded(found.temperature),
        "eceBefore": rounded(found.ece_before),
        "eceAfter": rounded(found.ece_after),
        "bins": found.bins,
        "unknownScore": found.unknown_score.value,
        "unknownThreshold": found.unknown_threshold,
        "unknownKept": _maybe(found.unknown_kept),
        "images": found.images,
    }


def _robustness(found: Robustness | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "images": found.images,
        "clean": rounded(found.clean),
        **{kind.value: [rounded(v) for v in shares] for kind, shares in found.accuracy.items()},
    }


def _maybe(value: float | None) -> float | None:
    return None if value is None else rounded(value)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Calibrated(_Document):
    temperature: Annotated[float, Field(gt=0)]
    ece_before: Share = Field(alias="eceBefore")
    ece_after: Share = Field(alias="eceAfter")
    bins: Annotated[int, Field(gt=0)]
    unknown_score: Annotated[UnknownScore, Field(strict=False)] = Field(alias="unknownScore")
    unknown_threshold: Annotated[float, Field(le=1, allow_inf_nan=False)] | None = Field(
        alias="unknownThreshold"
    )
    unknown_kept: Share | None = Field(default=None, alias="unknownKept")
    images: Annotated[int, Field(gt=0)]


class _Robust(_Document):
    images: Annotated[int, Field(gt=0)]
    clean: Share
    noise: tuple[Share, Share, Share]
    blur: tuple[Share, Share, Share]
    jpeg: tuple[Share, Share, Share]
    brightness: tuple[Share, Share, Share]


class _Metrics(_Document):
    accuracy: Share
    macro_f1: Share = Field(alias="macroF1")


class _Class(_Document):
    name: Annotated[str, Field(min_length=1)]
    support: Place
    predicted: Place
    recall: Share | None
    recall_interval: tuple[Share, Share] = Field(alias="recallInterval")
    precision: Share | None
    f1: Share | None


class _Evaluation(_Document):
    api_version: Literal["dandelion.dev/evaluation/v1"] = Field(alias="apiVersion")
    dataset: Digest
    contract: Digest
    answers: Digest
    precision: str
    engine: str
    images: Count
    not_known: dict[str, Count] = Field(alias="notKnown")
    metrics: _Metrics
    classes: Annotated[list[_Class], Field(min_length=1)]
    never_answered: list[str] = Field(alias="neverAnswered")
    mean_confidence: Share = Field(alias="meanConfidence")
    calibration: _Calibrated
    robustness: _Robust | None
    confusion: Annotated[list[tuple[Place, Place, Count]], Field(min_length=1)]


def read_result(content: bytes) -> EvaluationResult | Unreadable:
    """The evaluation, or why the content is none."""
    try:
        found = _Evaluation.model_validate_json(content)
    except ValidationError as error:
        return refused(FILE, error)
    classes = tuple(named.name for named in found.classes)
    if len(set(classes)) < len(classes):
        return Unreadable(f"{FILE} names a class twice")
    truth, predicted, count = np.array(found.confusion, np.int64).T
    codes = truth * len(classes) + predicted
    if max(truth.max(), predicted.max()) >= len(classes) or (codes[1:] <= codes[:-1]).any():
        return Unreadable(f"{FILE}: confusion is not pairs of its classes, in order, each once")
    confusion = Confusion(len(classes), truth, predicted, count)
    if confusion.images != found.images:
        return Unreadable(
            f"{FILE}: the confusion counts {confusion.images} images, not {found.images}"
        )
    written = found.model_dump(by_alias=True, mode="json")
    for name, derived in _figures(classes, confusion).items():
        if not _alike(written[name], derived):
            return Unreadable(f"{FILE}: {name} does not follow from the confusion")
    return EvaluationResult(
        dataset=found.dataset,
        contract=found.contract,
        answers=found.answers,
        precision=found.precision,
        engine=found.engine,
        classes=classes,
        confusion=confusion,
        mean_confidence=found.mean_confidence,
        calibration=_read_calibration(found.calibration),
        robustness=None if found.robustness is None else _read_robustness(found.robustness),
        not_known=found.not_known,
    )


def _read_calibration(found: _Calibrated) -> Calibration:
    return Calibration(
        temperature=found.temperature,
        ece_before=found.ece_before,
        ece_after=found.ece_after,
        bins=found.bins,
        unknown_score=found.unknown_score,
        unknown_threshold=found.unknown_threshold,
        unknown_kept=found.unknown_kept,
        images=found.images,
    )


def _read_robustness(found: _Robust) -> Robustness:
    shares = found.model_dump()
    return Robustness(
        found.images, found.clean, {kind: tuple(shares[kind.value]) for kind in STRENGTHS}
    )


def _alike(written: object, derived: object) -> bool:
    """Equal, but for the last digit of a rounded share."""
    match written, derived:
        case dict(), dict():
            return written.keys() == derived.keys() and all(
                _alike(value, derived[key]) for key, value in written.items()
            )
        case list(), list():
            return len(written) == len(derived) and all(map(_alike, written, derived))
        case float(), float():
            return abs(written - derived) <= ROUNDING
        case _:
            return written == derived
