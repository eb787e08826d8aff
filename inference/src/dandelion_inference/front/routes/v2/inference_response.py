"""Answers of the Open Inference Protocol, version 2: images as tensors become outputs as tensors.

Called by `routes/v2` with what `inference_request.py` read.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dandelion_inference.answer.engine import Alone, Work
from dandelion_inference.answer.prediction import Outcome, Prediction, answered
from dandelion_inference.answer.progress import Progress, Stage
from dandelion_inference.front.routes.v2.inference_request import (
    HEADER_LENGTH,
    PROBABILITIES,
    UNKNOWN,
    UNKNOWN_SCORE,
    Inference,
    refused,
)
from dandelion_inference.front.service import Answered
from dandelion_inference.model.network import Model

# The member of the answer's parameters that feedback can name.
ANSWER_ID = "answer_id"


def works(
    model: Model, images: list[NDArray[np.float32]], progress: Sequence[Progress]
) -> list[Work[Outcome]]:
    """One piece of work an image, each [3, height, width]. They raise RefusedError."""
    each = enumerate(zip(images, progress, strict=True))
    return [partial(_classified, model, image, position, its) for position, (image, its) in each]


def _classified(
    model: Model, image: NDArray[np.float32], position: int, progress: Progress, alone: Alone
) -> Prediction:
    progress.enter(Stage.COMPUTING)
    # A copy, because OpenVINO wants it aligned and the end of the JSON is anywhere.
    tensor = np.array(image[np.newaxis], dtype=np.float32)
    if not np.isfinite(tensor).all():
        raise refused(f"Image {position} holds NaN or infinite numbers")
    try:
        outputs = model.outputs(tensor, alone())
    except ArithmeticError as error:
        raise refused(
            f"Image {position} holds numbers so large that the network's answer is not finite; "
            f"it takes images that were scaled and normalised as for its training"
        ) from error
    return answered(model, outputs)


def answer(
    identity: tuple[str, str], inference: Inference, classes: Sequence[str], given: Answered
) -> tuple[bytes, dict[str, str]]:
    """The body of the answer, and its headers."""
    name, version = identity
    found = given.predictions
    described: list[dict[str, Any]] = []
    binary: list[bytes] = []
    for wanted in inference.outputs:
        if wanted.top is not None:
            top = min(wanted.top, len(classes))
            output: dict[str, Any] = {"datatype": "BYTES", "shape": [len(found), top]}
            positions = {label: index for index, label in enumerate(classes)}
            values: list[Any] = [
                text for item in found for text in _classification(item, top, positions)
            ]
            raw = b"".join(_sized(text.encode()) for text in values)
        elif wanted.name == PROBABILITIES:
            rows = [list(item.scores.values()) for item in found]
            output = {"datatype": "FP32", "shape": [len(found), len(classes)]}
            values = [value for row in rows for value in row]
            raw = np.asarray(rows, dtype="<f4").tobytes()
        elif wanted.name == UNKNOWN:
            output = {"datatype": "BOOL", "shape": [len(found)]}
            values = [item.unknown for item in found]
            raw = np.asarray(values, dtype="?").tobytes()
        elif wanted.name == UNKNOWN_SCORE:
            output = {"datatype": "FP32", "shape": [len(found)]}
            values = [item.unknown_score for item in found]
            raw = np.asarray(values, dtype="<f4").tobytes()
        else:
            output = {"datatype": "BYTES", "shape": [len(found)]}
            values = [item.label for item in found]
            raw = b"".join(_sized(item.label.encode()) for item in found)
        if wanted.binary:
            binary.append(raw)
            output["parameters"] = {"binary_data_size": len(raw)}
        else:
            output["data"] = values
        described.append({"name": wanted.name, **output})
    document: dict[str, Any] = {
        "model_name": name,
        "model_version": version,
        # `id` is the request's own, in the protocol's words; what names the answer is beside it.
        "parameters": {ANSWER_ID: given.id},
        "outputs": described,
    }
    if inference.id is not None:
        document["id"] = inference.id
    text = json.dumps(document).encode()
    if not binary:
        return text, {"Content-Type": "application/json"}
    headers = {"Content-Type": "application/octet-stream", HEADER_LENGTH: str(len(text))}
    return b"".join([text, *binary]), headers


def _classification(prediction: Prediction, top: int, positions: Mapping[str, int]) -> list[str]:
    """The most probable classes as Triton's classification extension writes them,
    value:index:name."""
    return [
        f"{probability:f}:{positions[label]}:{label}"
        for label, probability in prediction.most_probable(top)
    ]


def _sized(element: bytes) -> bytes:
    return struct.pack("<I", len(element)) + element
