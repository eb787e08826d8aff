"""contract.json: the one thing that training and inference share.

`upload` writes it last, so an artifact folder that has one is complete. It holds no time, so the
same run writes the same bytes again; its digest is what the operator hands to inference.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dandelion_pictures import VERSION as READER_VERSION

from dandelion_training.data.images.inspect import MEAN, SCALE, STD
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.evaluate.figures.calibration import UnknownScore
from dandelion_training.evaluate.figures.confusion import ClassFigures
from dandelion_training.evaluate.figures.drift import DriftThresholds
from dandelion_training.evaluate.figures.reference import ChannelStatistics, ReferenceAnswers
from dandelion_training.evaluate.precision.choice import Evidence
from dandelion_training.evaluate.result import EvaluationResult
from dandelion_training.export.artifact import GRAPH, INT8_GRAPH
from dandelion_training.export.graph import FEATURES, INPUT, LOG_DENSITY, OUTPUT
from dandelion_training.ports.documents import canonical_json
from dandelion_training.ports.settings import Settings
from dandelion_training.search.records import Winner

API_VERSION = "dandelion.dev/contract/v1"
FILE = "contract.json"


@dataclass(frozen=True)
class TrainingEnvironment:
    """What the weights depend on beside the settings and the data."""

    precision: str
    threads: int
    device: str
    initial_weights: str  # a URI or "random"
    search: Winner | None = None  # which chose some of the settings


def contract(
    settings: Settings,
    dataset: Dataset,
    result: EvaluationResult,
    channels: ChannelStatistics,
    reference: ReferenceAnswers,
    drift: DriftThresholds,
    environment: TrainingEnvironment,
    evidence: Evidence,
    files: Sequence[Path],
    lineage: Sequence[str] = (),
) -> bytes:
    """The contract's exact bytes. `lineage` are the digests of the dataset versions that the
    starting weights and their ancestors learnt from.
    """
    classes = list(dataset.classes)
    confusion, calibration = result.confusion, result.calibration
    size = settings.image_size
    graphs = {"fp32": GRAPH}
    if any(path.name == INT8_GRAPH for path in files):
        graphs["int8"] = INT8_GRAPH
    further: dict[str, object] = {}
    if calibration.unknown_score is UnknownScore.WITH_LOG_DENSITY:
        further["logDensity"] = {"name": LOG_DENSITY, "shape": [None]}
    if reference.features is not None:
        further["features"] = {"name": FEATURES, "shape": [None, len(reference.features)]}
    return canonical_json(
        {
            "apiVersion": API_VERSION,
            "name": settings.registered_model,
            "run": settings.run,
            "architecture": settings.architecture,
            "classes": classes,
            "input": {
                "name": INPUT,
                "shape": [None, 3, size, size],
                "dtype": "float32",
                "layout": "NCHW",
            },
            "output": {"name": OUTPUT, "shape": [None, len(classes)]},
            **further,
            "reader": {"name": "dandelion-pictures", "version": READER_VERSION},
            "preprocessing": {
                "colorSpace": "RGB",
                "resizeShortSide": settings.resize_short_side,
                "centerCrop": size,
                "interpolation": "bilinear",
                "scale": SCALE,
                "mean": list(MEAN),
                "std": list(STD),
            },
            "graphs": graphs,
            "precision": evidence.described(),
            "metrics": {"accuracy": confusion.accuracy, "macroF1": confusion.macro_f1},
            "perClass": {
                name: per_class(figures)
                for name, figures in zip(classes, confusion.by_class(), strict=True)
            },
            "calibration": {
                "temperature": calibration.temperature,
                "unknownScore": calibration.unknown_score.value,
                "unknownThreshold": calibration.unknown_threshold,
            },
            "dataset": {
                "digest": dataset.digest,
                "storageUri": dataset.version.storage_uri,
                "images": len(dataset.entries),
                "train": len(dataset.subset(Split.TRAIN)),
                "holdout": len(dataset.subset(Split.HOLDOUT)),
                "lineage": list(lineage),
            },
            "training": {
                "epochs": settings.epochs,
                "batchSize": settings.batch_size,
                "learningRate": settings.learning_rate,
                "schedule": settings.schedule,
                "augmentation": {"strength": settings.augmentation, "mirror": settings.mirror},
                "seed": settings.seed,
                "balanceClasses": settings.balance_classes,
                "initialWeights": environment.initial_weights,
                "image": settings.image,
                "gitRevision": settings.git_revision,
                "precision": environment.precision,
                "threads": environment.threads,
                "device": environment.device,
                **_searched(environment.search),
            },
            "referenceStatistics": {
                "meanRGB": channels.mean,
                "stdRGB": channels.std,
                "classDistribution": dict(
                    zip(classes, confusion.predicted_shares.tolist(), strict=True)
                ),
                "meanConfidence": result.mean_confidence,
                "answers": _answers(reference),
                "drift": {
                    "falseAlarmRate": drift.rate,
                    "windows": [
                        {"answers": answers, "thresholds": dict(thresholds)}
                        for answers, thresholds in drift.windows.items()
                    ],
                },
            },
            "files": {path.name: _described(path) for path in files},
        }
    )


def _searched(winner: Winner | None) -> dict[str, object]:
    if winner is None:
        return {}
    described = winner.model_dump(mode="json", by_alias=True)
    return {"search": described | {"parameters": winner.by_spec}}


def _answers(reference: ReferenceAnswers) -> dict[str, object]:
    further: dict[str, object] = {}
    if reference.log_density is not None:
        further["logDensity"] = list(reference.log_density)
    if reference.features is not None:
        further["features"] = list(reference.features)
    return {
        "images": reference.images,
        "meanConfidence": reference.mean_confidence,
        "confidence": list(reference.confidence),
        "probability": {name: list(quantiles) for name, quantiles in reference.probability.items()},
        **further,
    }


def per_class(figures: ClassFigures) -> dict[str, float | int | None]:
    """What the contract and people are told of a class; None where nothing can be told."""
    return {
        "support": figures.support,
        "predicted": figures.predicted,
        "recall": figures.recall,
        "precision": figures.precision,
        "f1": figures.f1,
    }


def _described(path: Path) -> dict[str, str | int]:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
    return {"sha256": found.hexdigest(), "bytes": path.stat().st_size}
