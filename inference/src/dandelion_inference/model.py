"""The network: an ONNX graph compiled by OpenVINO for the processors of this container.

Called by `loader.py` to compile and warm up, and by `predictor.py` for every image.
"""

from __future__ import annotations

import gc
import sys
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from dandelion_inference.artifact import Artifact
from dandelion_inference.contract import Contract
from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.memory import return_freed_memory


class Model:
    """A compiled graph that answers one image at a time. Not for use by two threads at once."""

    def __init__(self, contract: Contract, request: Any) -> None:
        self.contract = contract
        self._request = request

    def probabilities(self, tensor: NDArray[np.float32]) -> list[float]:
        """One probability for each of the contract's classes, in their order."""
        self._request.infer({0: tensor}, share_inputs=True)
        logits = self._request.get_output_tensor(0).data[0].astype(np.float64)
        if not np.isfinite(logits).all():
            raise ArithmeticError("the network's output is not finite")
        powers = np.exp(logits - logits.max())
        probabilities: list[float] = (powers / powers.sum()).tolist()
        return probabilities


def compile_model(artifact: Artifact, threads: int) -> Model:
    """Compiled and warmed up: its first answer to a client is as fast as any. Raises LoadError."""
    contract = artifact.contract
    openvino = _openvino()
    try:
        core = openvino.Core()
        graph = core.read_model(artifact.graph)
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise LoadError(
                Reason.MODEL_INVALID,
                f"{artifact.graph.name} has {len(graph.inputs)} inputs and "
                f"{len(graph.outputs)} outputs, not one each",
            )
        crop = contract.preprocessing.center_crop
        # A fixed shape compiles to the fastest code, and one image at a time is all that is asked.
        shape = openvino.PartialShape([1, 3, crop, crop])
        if not graph.input(0).partial_shape.compatible(shape):
            raise LoadError(
                Reason.MODEL_INVALID,
                f"{artifact.graph.name} takes {graph.input(0).partial_shape}, "
                f"but the contract says {shape}",
            )
        graph.reshape(shape)
        compiled = core.compile_model(graph, "CPU", _options(threads))
    except RuntimeError as error:
        raise LoadError(
            Reason.MODEL_INVALID,
            f"{artifact.graph.name} cannot be compiled: {_first_line(error)}",
        ) from error
    del graph
    model = Model(contract, compiled.create_infer_request())
    _warm_up(model)
    gc.collect()
    return_freed_memory()
    return model


def _options(threads: int) -> dict[str, object]:
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        # Without this OpenVINO computes in bf16 where the processor can, and the holdout accuracy
        # in the contract was measured in fp32.
        "INFERENCE_PRECISION_HINT": "f32",
        # Containers with a CPU quota see all of the node's processors: pinned, the threads of all
        # replicas on a node would share the same first few.
        "ENABLE_CPU_PINNING": False,
    }


def _warm_up(model: Model) -> None:
    crop = model.contract.preprocessing.center_crop
    try:
        answers = [
            model.probabilities(np.zeros((1, 3, crop, crop), dtype=np.float32)) for _ in range(2)
        ]
    except (RuntimeError, ArithmeticError) as error:
        raise LoadError(
            Reason.MODEL_INVALID, f"the graph fails on a first image: {_first_line(error)}"
        ) from error
    if len(answers[0]) != len(model.contract.classes):
        raise LoadError(
            Reason.MODEL_INVALID,
            f"the graph has {len(answers[0])} outputs for {len(model.contract.classes)} classes",
        )


def _openvino() -> Any:
    # Importing openvino imports its model converter, which costs a third of the import time and
    # reports the import to the vendor over the network. An entry of None makes that import fail,
    # which openvino expects of installations without the converter.
    cast(dict[str, Any], sys.modules).setdefault("openvino.tools.ovc", None)
    import openvino

    return openvino


def _first_line(error: Exception) -> str:
    """OpenVINO's messages are a stack of source lines with the cause at the end."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
