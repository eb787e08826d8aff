"""contract.json: the one thing that training and inference share.

`upload` writes it last, so an artifact folder that has one is complete. It holds no time, so the
same run writes the same bytes again; its digest is what the operator hands to inference.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dandelion_training.data.dataset import Dataset
from dandelion_training.data.images.served import MEAN, SCALE, STD
from dandelion_training.data.split import Split
from dandelion_training.evaluate.evaluation import EvaluationResult
from dandelion_training.evaluate.precision import Evidence
from dandelion_training.evaluate.reference import ChannelStatistics
from dandelion_training.export.artifact import GRAPH, INT8_GRAPH
from dandelion_training.export.graph import INPUT, OUTPUT
from dandelion_training.ports.documents import canonical_json
from dandelion_training.ports.settings import Settings

API_VERSION = "dandelion.dev/contract/v1"
FILE = "contract.json"


@dataclass(frozen=True)
class TrainingEnvironment:
    """What the weights depend on beside the settings and the data."""

    precision: str
    threads: int
    device: str
    initial_weights: str  # a URI or "random"


def contract(
    settings: Settings,
    dataset: Dataset,
    result: EvaluationResult,
    channels: ChannelStatistics,
    environment: TrainingEnvironment,
    evidence: Evidence,
    files: Sequence[Path],
) -> bytes:
    """The contract's exact bytes."""
    classes = list(dataset.classes)
    by_class = zip(classes, result.by_class(), strict=True)
    size = settings.image_size
    graphs = {"fp32": GRAPH}
    if any(path.name == INT8_GRAPH for path in files):
        graphs["int8"] = INT8_GRAPH
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
            "metrics": {"accuracy": result.accuracy, "macroF1": result.macro_f1},
            "perClass": {name: asdict(figures) for name, figures in by_class},
            "confusionMatrix": result.confusion_matrix.tolist(),
            "dataset": {
                "digest": dataset.digest,
                "storageUri": dataset.storage_uri,
                "images": len(dataset.entries),
                "train": len(dataset.subset(Split.TRAIN)),
                "holdout": len(dataset.subset(Split.HOLDOUT)),
                "rejected": len(dataset.rejected),
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
            },
            "referenceStatistics": {
                "meanRGB": channels.mean,
                "stdRGB": channels.std,
                "classDistribution": result.predicted_shares(classes),
                "meanConfidence": result.confidence,
            },
            "files": {path.name: _described(path) for path in files},
        }
    )


def _described(path: Path) -> dict[str, str | int]:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
    return {"sha256": found.hexdigest(), "bytes": path.stat().st_size}
