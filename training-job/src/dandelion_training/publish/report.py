"""What people find of a run in MLflow: figures, answers, mistakes and what was left out.

`pipeline` calls `report` after the evaluation, `report_precision` once the precisions are compared,
and `report_comparison` where there is a champion, once the version has its number.
"""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.layout.fetched import is_fetched
from dandelion_training.data.layout.reviewed import is_reviewed
from dandelion_training.data.load import Dataset
from dandelion_training.data.version.manifest import DatasetVersion
from dandelion_training.data.version.report import VersionReport
from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.comparison import Comparison, Paired, paired
from dandelion_training.evaluate.comparison.disagreements import disagreements
from dandelion_training.evaluate.precision.choice import Evidence
from dandelion_training.evaluate.result import EvaluationResult
from dandelion_training.export.artifact import Quantized
from dandelion_training.ports.documents import canonical_json
from dandelion_training.ports.registry import Registry
from dandelion_training.publish.confusion_matrix import confusion_matrix
from dandelion_training.publish.contract import per_class
from dandelion_training.publish.predictions import predictions_csv
from dandelion_training.publish.sheets import (
    Picture,
    Pictures,
    disagreements_sheet,
    mistakes_sheet,
    thumbnail,
)

log = structlog.get_logger()

# What a status holds: etcd keeps a resource in a megabyte.
CLASSES_TOLD = 200
WARNINGS_TOLD = 10
WARNING_LENGTH = 500


def report(
    registry: Registry,
    epochs: int,
    dataset: Dataset,
    result: EvaluationResult,
    answers: Answers,
    model: str,
    work: Path,
) -> None:
    """What people want to see of an evaluation, in MLflow, as of the run's last epoch."""
    confusion, found = result.confusion, dataset.report
    figures = {
        "holdout_accuracy": confusion.accuracy,
        "accuracy": confusion.accuracy,
        "macroF1": confusion.macro_f1,
        "temperature": result.calibration.temperature,
        "ece_before": result.calibration.ece_before,
        "ece_after": result.calibration.ece_after,
        "rejected": float(sum(found.rejected.values()) if found else 0),
        "images": float(len(dataset.entries)),
    }
    calibration = result.calibration
    if calibration.unknown_threshold is not None and calibration.unknown_kept is not None:
        figures["unknown_threshold"] = calibration.unknown_threshold
        figures["unknown_kept"] = calibration.unknown_kept
    if result.robustness is not None:
        for kind, shares in result.robustness.accuracy.items():
            for strength, share in enumerate(shares, 1):
                figures[f"accuracy_{kind.value}_{strength}"] = share
    registry.measure(epochs, figures)
    log.info("evaluated", accuracy=confusion.accuracy, macro_f1=confusion.macro_f1)
    attach_all(
        registry,
        work,
        {
            "rejected.json": lambda: _rejected(dataset),
            "per-class.json": lambda: _by_class(result),
            "confusion-matrix.png": lambda: _confusion(result),
            "predictions.csv": lambda: _predictions(dataset, answers),
            "worst-mistakes.html": lambda: mistakes_sheet(model, answers, pictures(dataset)),
        },
    )


def report_comparison(
    registry: Registry,
    dataset: Dataset,
    names: tuple[str, str],
    challenger: Answers,
    champion: Answers,
    comparison: Comparison,
    work: Path,
) -> None:
    """Where challenger and champion disagree, side by side, in MLflow; `names` are theirs."""

    def sheet() -> bytes:
        pairs = paired(challenger, champion)
        found = disagreements(challenger, champion, pairs) if isinstance(pairs, Paired) else []
        return disagreements_sheet(*names, comparison, found, pictures(dataset))

    attach_all(
        registry,
        work,
        {
            "disagreements.html": sheet,
            "predictions.csv": lambda: _predictions(dataset, challenger, champion),
        },
    )


def attach_all(registry: Registry, work: Path, made: Mapping[str, Callable[[], bytes]]) -> None:
    """Make files for people and put them into MLflow. One that cannot be made or kept is told in
    the log, and the run goes on: a report is never worth a model.
    """
    for name, make in made.items():
        try:
            (work / name).write_bytes(make())
            registry.attach(work / name)
        except Exception:
            log.exception("a report is left out", report=name)


def pictures(dataset: Dataset) -> Pictures:
    """Images for people, by their SHA-256, from the pixels of the run."""
    keys = {entry.sha256: entry.key for entry in dataset.entries}

    def picture(sha256: str) -> Picture:
        try:
            return Picture(keys.get(sha256, ""), thumbnail(dataset.pixels[sha256].pixels))
        except (KeyError, OSError, ValueError):
            return Picture(keys.get(sha256, ""), b"")

    return picture


def _rejected(dataset: Dataset) -> bytes:
    files = dataset.report.rejected_files if dataset.report else ()
    return canonical_json([{"key": item.key, "reason": item.reason} for item in files])


def _by_class(result: EvaluationResult) -> bytes:
    named = zip(result.classes, result.confusion.by_class(), strict=True)
    return canonical_json({name: per_class(figures) for name, figures in named})


def _confusion(result: EvaluationResult) -> bytes:
    file = io.BytesIO()
    confusion_matrix(result.confusion, result.classes).save(file, "PNG")
    return file.getvalue()


def _predictions(dataset: Dataset, answers: Answers, champion: Answers | None = None) -> bytes:
    keys = {entry.sha256: entry.key for entry in dataset.entries}
    return "".join(predictions_csv(answers, keys, champion)).encode()


def report_precision(registry: Registry, epochs: int, int8: Quantized, evidence: Evidence) -> None:
    """The evidence for the precision, in MLflow."""
    figures = {
        "quantization_seconds": int8.seconds,
        "calibration_images": float(int8.calibrated_on),
    }
    registry.measure(epochs, figures | evidence.figures())
    outcome = f"failed: {int8.failure}" if int8.failure else "done"
    registry.tag({"dandelion.dev/quantization": outcome})


def dataset_facts(version: DatasetVersion, found: VersionReport | None) -> dict[str, object]:
    """What the operator shows of a dataset version in status.dataset."""
    facts: dict[str, object] = {
        "datasetDigest": version.digest,
        "images": len(version.entries),
        "classes": list(version.classes[:CLASSES_TOLD]),
        "classCount": len(version.classes),
        "holdout": len(version.of(Split.HOLDOUT)),
        "trainImages": len(version.of(Split.TRAIN)),
        "fromAddresses": sum(is_fetched(entry.key) for entry in version.entries),
        "fromReviews": sum(is_reviewed(entry.key) for entry in version.entries),
    }
    if found is not None:
        facts |= {
            "rejected": dict(found.rejected),
            "warnings": [warning[:WARNING_LENGTH] for warning in found.warnings[:WARNINGS_TOLD]],
            "formerDataset": found.former,
        }
        if len(found.classes) <= CLASSES_TOLD:
            facts["holdoutByClass"] = {name: c.holdout for name, c in found.classes.items()}
        if found.addresses is not None:
            facts["addresses"] = {
                "fetched": found.addresses.fetched,
                "known": found.addresses.known,
                "failed": sum(found.addresses.lost.values()),
            }
    return facts
