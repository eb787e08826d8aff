"""What people find of a run in MLflow: figures, the confusion matrix and what was left out.

`pipeline` calls `report` after the evaluation, and `report_precision` once the precisions are
compared.
"""

from pathlib import Path

import structlog

from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.evaluate.evaluation import EvaluationResult
from dandelion_training.evaluate.precision import Evidence
from dandelion_training.export.artifact import Quantized
from dandelion_training.ports.documents import canonical_json
from dandelion_training.ports.registry import Registry
from dandelion_training.publish.confusion_matrix import plot_confusion_matrix

log = structlog.get_logger()

# What a status holds: etcd keeps a resource in a megabyte.
CLASSES_TOLD = 200
WARNINGS_TOLD = 10
WARNING_LENGTH = 500


def report(
    registry: Registry, epochs: int, dataset: Dataset, result: EvaluationResult, work: Path
) -> None:
    """What people want to see of a run, in MLflow, as of its last epoch."""
    by_class = dict(zip(dataset.classes, result.by_class(), strict=True))
    found = dataset.report
    rejected = [
        {"key": item.key, "reason": item.reason} for item in (found.rejected_files if found else ())
    ]
    (work / "rejected.json").write_bytes(canonical_json(rejected))
    report = {name: vars(figures) for name, figures in by_class.items()}
    (work / "per-class.json").write_bytes(canonical_json(report))
    plot = work / "confusion-matrix.png"
    plot_confusion_matrix(result.confusion_matrix, dataset.classes).save(plot)
    figures = {
        "holdout_accuracy": result.accuracy,
        "accuracy": result.accuracy,
        "macroF1": result.macro_f1,
        "rejected": float(sum(found.rejected.values()) if found else 0),
        "images": float(len(dataset.entries)),
    }
    registry.measure(epochs, figures)
    registry.attach(plot, work / "rejected.json", work / "per-class.json")
    log.info("evaluated", accuracy=result.accuracy, macro_f1=result.macro_f1)


def report_precision(registry: Registry, epochs: int, int8: Quantized, evidence: Evidence) -> None:
    """The evidence for the precision, in MLflow."""
    figures = {
        "quantization_seconds": int8.seconds,
        "calibration_images": float(int8.calibrated_on),
    }
    registry.measure(epochs, figures | evidence.figures())
    outcome = f"failed: {int8.failure}" if int8.failure else "done"
    registry.tag({"dandelion.dev/quantization": outcome})


def dataset_facts(dataset: Dataset) -> dict[str, object]:
    """What the operator shows of a dataset version in status.dataset."""
    facts: dict[str, object] = {
        "datasetDigest": dataset.digest,
        "images": len(dataset.entries),
        "classes": list(dataset.classes[:CLASSES_TOLD]),
        "classCount": len(dataset.classes),
        "holdout": len(dataset.subset(Split.HOLDOUT)),
        "trainImages": len(dataset.subset(Split.TRAIN)),
    }
    found = dataset.report
    if found is not None:
        facts |= {
            "rejected": dict(found.rejected),
            "warnings": [warning[:WARNING_LENGTH] for warning in found.warnings[:WARNINGS_TOLD]],
            "formerDataset": found.former,
        }
        if len(found.classes) <= CLASSES_TOLD:
            facts["holdoutByClass"] = {name: c.holdout for name, c in found.classes.items()}
    return facts
