"""An artifact where this project's service finds it as already fetched, so that no store is needed.

Called by `contenders.py`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from classifier import IMAGE_SIZE, MEAN, SCALE, SHORT_SIDE, STD
from dandelion_pictures import VERSION
from graphs import CLASSES, FP32, INT8, OURS
from resnet34 import DENSITY_STAGE, FEATURES, LOG_DENSITY

INFERENCE = Path(__file__).resolve().parent.parent
SOURCES = f"{INFERENCE / 'src'}:{INFERENCE / 'pictures/src'}"


def write_artifact(graphs: Path, folder: Path, precision: str) -> str:
    """The artifact of both graphs with `precision` as its choice; its contract's digest."""
    names = [FP32, INT8, str(Path(INT8).with_suffix(".bin"))]
    contents = {name: (graphs / OURS / name).read_bytes() for name in names}
    right = {"accuracy": 1.0, "agreement": 1.0}
    classes = [f"class-{number}" for number in range(CLASSES)]
    contract = {
        "apiVersion": "dandelion.dev/contract/v1",
        "reader": {"name": "dandelion-pictures", "version": VERSION},
        "run": "bench",
        "architecture": "resnet34",
        "classes": classes,
        "input": {"name": "image", "shape": [None, 3, IMAGE_SIZE, IMAGE_SIZE]},
        "output": {"name": "logits", "shape": [None, CLASSES]},
        "logDensity": {"name": LOG_DENSITY, "shape": [None]},
        "features": {"name": FEATURES, "shape": [None, DENSITY_STAGE[0]]},
        "calibration": {
            "temperature": 1.0,
            "unknownScore": "maxProbabilityPlusLogDensity",
            "unknownThreshold": -1.0,
        },
        "referenceStatistics": _reference(classes),
        "preprocessing": {
            "colorSpace": "RGB",
            "resizeShortSide": SHORT_SIDE,
            "centerCrop": IMAGE_SIZE,
            "interpolation": "bilinear",
            "scale": SCALE,
            "mean": MEAN,
            "std": STD,
        },
        "graphs": {"fp32": FP32, "int8": INT8},
        "precision": {"choice": precision, "fp32": {"accuracy": 1.0}, "int8": right, "images": 1},
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in contents.items()
        },
    }
    raw = json.dumps(contract).encode()
    digest = hashlib.sha256(raw).hexdigest()
    home = folder / digest
    home.mkdir(parents=True)
    (home / "contract.json").write_bytes(raw)
    for name in names:
        shutil.copyfile(graphs / OURS / name, home / name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (folder / name).write_text("unused")
    return f"sha256:{digest}"


def _reference(classes: list[str]) -> dict[str, Any]:
    """Enough to look for drift as any pod does; whether there is any is nobody's question here."""
    rising = [round(number / 64, 4) for number in range(65)]
    thresholds = {"probabilities": 0.5, "confidence": 2.0, "logDensity": 0.5, "features": 0.5}
    return {
        "meanRGB": [0.5, 0.5, 0.5],
        "stdRGB": [0.2, 0.2, 0.2],
        "classDistribution": dict.fromkeys(classes, 1 / len(classes)),
        "meanConfidence": 0.5,
        "answers": {
            "images": 1000,
            "meanConfidence": 0.5,
            "confidence": rising,
            "probability": dict.fromkeys(classes[:100], rising),
            "logDensity": [share - 1 for share in rising],
            "features": [0.0] * DENSITY_STAGE[0],
        },
        "drift": {
            "falseAlarmRate": 0.01,
            "windows": [{"answers": size, "thresholds": thresholds} for size in (20, 50, 100)],
        },
    }


def settings(folder: Path, digest: str) -> dict[str, str]:
    """What the operator would give the pod."""
    return {
        "PYTHONPATH": SOURCES,
        "MALLOC_ARENA_MAX": "2",  # as in the image
        "DANDELION_MODEL_NAME": "bench",
        "DANDELION_MODEL_NAMESPACE": "bench",
        "DANDELION_MODEL_VERSION": "1",
        "DANDELION_ARTIFACT_URI": "s3://bench/artifact",
        "DANDELION_CONTRACT_DIGEST": digest,
        # Nothing listens there: the artifact is on disk already.
        "DANDELION_S3_ENDPOINT": "http://127.0.0.1:1",
        "DANDELION_ARTIFACT_DIR": str(folder),
        "DANDELION_S3_CREDENTIALS_DIR": str(folder),
        "DANDELION_HOST": "127.0.0.1",
        "DANDELION_DRAIN_SECONDS": "0",
    }
