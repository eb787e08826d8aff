"""OpenVINO, the engine that serves: what a graph answers on it in each precision.

`graph` proves the graph on it, `quantize` makes another graph with it, and `assessment` has every
precision answer the holdout, image by image as inference does.
"""

import importlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

# openvino's model converter, which its import would bring along, and nncf report their use to the
# vendor over the network. An entry of None makes these imports fail, which both expect of
# installations without them.
UNWANTED = ("openvino_telemetry", "openvino.tools.ovc")


class Precision(StrEnum):
    """What a network computes in. bf16 is the fp32 graph under another hint to the engine."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a graph says of images: logits, images × classes, one log density an image, and
    standardised features, images × features; None of a graph of an earlier release, which has none.
    """

    logits: NDArray[np.float32]
    log_density: NDArray[np.float32] | None
    features: NDArray[np.float32] | None = None


Predict = Callable[[NDArray[np.float32]], Outputs]
"""From images as NCHW float32."""


def openvino() -> Any:
    """The module, imported so that it calls nobody."""
    for name in UNWANTED:
        cast(dict[str, Any], sys.modules).setdefault(name, None)
    return importlib.import_module("openvino")


def has_bf16() -> bool:
    """Whether this processor multiplies bf16 itself."""
    return "BF16" in openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def predictor(graph: Path, precision: Precision, threads: int) -> Predict:
    """The graph, ready to answer."""
    vino = openvino()
    core = vino.Core()
    model = core.read_model(graph)
    shape = model.input(0).partial_shape
    # Inference compiles for one image at a time, and another shape may mean other code.
    model.reshape(vino.PartialShape([1, *list(shape)[1:]]))
    request = core.compile_model(model, "CPU", _options(precision, threads)).create_infer_request()
    outputs = range(len(model.outputs))

    def predict(images: NDArray[np.float32]) -> Outputs:
        found: list[list[NDArray[np.float32]]] = [[] for _ in outputs]
        for image in images:
            request.infer({0: image[np.newaxis]}, share_inputs=True)
            for number in outputs:
                data = request.get_output_tensor(number).data[0]
                found[number].append(data.astype(np.float32))
        logits, *rest = (np.stack(values) for values in found)
        return Outputs(logits, *rest[:2]) if rest else Outputs(logits, None)

    return predict


def answers(
    graph: Path, precision: Precision, images: Iterable[NDArray[np.float32]], threads: int
) -> NDArray[np.float32]:
    """The logits of every image; an item of `images` is NCHW and may hold several."""
    predict = predictor(graph, precision, threads)
    return np.concatenate([predict(batch).logits for batch in images])


def _options(precision: Precision, threads: int) -> dict[str, object]:
    return {
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        # Without this OpenVINO computes in bf16 wherever the processor can.
        "INFERENCE_PRECISION_HINT": "bf16" if precision is Precision.BF16 else "f32",
        # Pinned, the threads of every container on a node would share the same first processors.
        "ENABLE_CPU_PINNING": False,
    }
