"""The network: a graph compiled by OpenVINO for the processors of this container.

It is compiled twice. The latency form runs one image on all processors, which gives the shortest
wait; the throughput form runs one image on each, which gives the most images a second. The first
also says what decided, so that explaining takes no memory. Called by `loader.py` to compile and
warm up, by the workers for every image, and by explanations.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.model.activation import Head, NoActivationMapError, divided
from dandelion_inference.model.artifact import Artifact
from dandelion_inference.model.contract import Precision, Tensor
from dandelion_inference.model.precision import served
from dandelion_inference.ports.cpu import workers
from dandelion_inference.ports.memory import forget_mapped, return_freed_memory


@dataclass(frozen=True)
class Forms:
    """What was compiled. Where there is a head, its features are the latency form's last output."""

    latency: Any
    throughput: Any
    head: Head | None
    why_no_head: str = ""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the network says of one image."""

    probabilities: list[float]
    """One for each of the contract's classes, in their order: calibrated, where the contract has a
    temperature (Guo et al., On Calibration of Modern Neural Networks, 2017)."""
    log_density: float | None
    """How much the image looks like those that were learnt from, 0 at most; None where the contract
    names no such output."""
    features: NDArray[np.float32] | None = None
    """In what it differs from them, a vector of length 1 at most; None where the contract names no
    such output."""


class Model:
    """A compiled graph that answers one image at a time, to as many workers as there are."""

    def __init__(
        self, artifact: Artifact, precision: Precision, forms: Forms, threads: int
    ) -> None:
        self.artifact = artifact
        self.contract = artifact.contract
        self.precision = precision
        self.threads = threads
        self._temperature = self.contract.calibration.temperature
        self._has_log_density = self.contract.log_density is not None
        self._has_features = self.contract.features is not None
        self._head, self._why_no_head = forms.head, forms.why_no_head
        self._latency = forms.latency.create_infer_request()
        self._latency_turn = threading.Lock()
        self._throughput: SimpleQueue[Any] = SimpleQueue()
        for _ in range(workers(threads)):
            self._throughput.put(forms.throughput.create_infer_request())

    def probabilities(self, tensor: NDArray[np.float32], alone: bool) -> list[float]:
        """Those of `outputs`."""
        return self.outputs(tensor, alone).probabilities

    def outputs(self, tensor: NDArray[np.float32], alone: bool) -> Outputs:
        """What the network says of one image, [1, 3, height, width]; raises ArithmeticError where
        that is not finite.

        `alone` says that nobody else is waiting: the latency form answers then, or else the
        throughput form.
        """
        if alone and self._latency_turn.acquire(blocking=False):
            try:
                return self._inferred(self._latency, tensor)
            finally:
                self._latency_turn.release()
        request = self._throughput.get()
        try:
            return self._inferred(request, tensor)
        finally:
            self._throughput.put(request)

    def activation_map(self, tensor: NDArray[np.float32]) -> NDArray[np.float64]:
        """What each position of an image, [1, 3, height, width], says for each class: [classes,
        positions down, positions across]. Raises NoActivationMapError.

        A lone image's form does it; who comes meanwhile is answered by the throughput form.
        """
        if self._head is None:
            raise NoActivationMapError(self._why_no_head)
        with self._latency_turn:
            self._latency.infer({0: tensor}, share_inputs=True)
            last = len(self._latency.model_outputs) - 1
            features = np.array(self._latency.get_output_tensor(last).data[0])
        return self._head.scores(features)

    def _inferred(self, request: Any, tensor: NDArray[np.float32]) -> Outputs:
        request.infer({0: tensor}, share_inputs=True)
        logits = request.get_output_tensor(0).data[0].astype(np.float64)
        probabilities = self._softmax(logits)
        if not self._has_log_density:
            return Outputs(probabilities, None)
        log_density = float(request.get_output_tensor(1).data[0])
        if not isfinite(log_density):
            raise ArithmeticError("the network's log density is not finite")
        if not self._has_features:
            return Outputs(probabilities, log_density)
        # A copy: the next image is computed into the same tensor.
        features = np.array(request.get_output_tensor(2).data[0], np.float32)
        if not np.isfinite(features).all():
            raise ArithmeticError("the network's features are not finite")
        return Outputs(probabilities, log_density, features)

    def _softmax(self, logits: NDArray[np.float64]) -> list[float]:
        if not np.isfinite(logits).all():
            raise ArithmeticError("the network's output is not finite")
        powers = np.exp((logits - logits.max()) / self._temperature)
        probabilities: list[float] = (powers / powers.sum()).tolist()
        return probabilities


def compile_model(artifact: Artifact, threads: int) -> Model:
    """Compiled and warmed up: its first answer to a client is as fast as any. Raises LoadError."""
    runtime = openvino()
    core = runtime.Core()
    has_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    precision = served(artifact.asked, artifact.precision, has_bf16)
    try:
        graph = _read_graph(core, runtime, artifact)
        forms = _compiled(core, runtime, graph, precision, threads)
    except RuntimeError as error:
        raise LoadError(
            Reason.MODEL_INVALID,
            f"{artifact.graph.name} cannot be compiled: {_first_line(error)}",
        ) from error
    del graph
    model = Model(artifact, precision, forms, threads)
    _warm_up(model, threads)
    gc.collect()
    return_freed_memory()
    forget_mapped(artifact.graph.parent)
    return model


def _compiled(core: Any, runtime: Any, graph: Any, precision: Precision, threads: int) -> Forms:
    def form(graph: Any, streams: int) -> Any:
        return core.compile_model(graph, "CPU", _compile_options(precision, threads, streams))

    try:
        alone, rest = divided(runtime, graph)
        head, why = Head(form(rest, 1)), ""
    except NoActivationMapError as reason:
        alone, head, why = graph.clone(), None, str(reason)
    if threads == 1:
        one = form(alone, 1)
        return Forms(one, one, head, why)
    # Side by side, because a compilation uses one processor.
    with ThreadPoolExecutor(1) as other:
        latency = other.submit(form, alone, 1)
        throughput = form(graph, threads)
        return Forms(latency.result(), throughput, head, why)


def _read_graph(core: Any, runtime: Any, artifact: Artifact) -> Any:
    """The graph with the shape of one image. Raises LoadError, or RuntimeError from OpenVINO."""
    graph = core.read_model(artifact.graph)
    further = [
        (number, output)
        for number, output in enumerate((artifact.contract.log_density, artifact.contract.features))
        if output is not None
    ]
    wanted = 1 + len(further)
    if len(graph.inputs) != 1 or len(graph.outputs) != wanted:
        raise LoadError(
            Reason.MODEL_INVALID,
            f"{artifact.graph.name} has {len(graph.inputs)} inputs and "
            f"{len(graph.outputs)} outputs, not 1 and {wanted}",
        )
    for number, output in further:
        _require_output(runtime, artifact, graph, number + 1, output)
    crop = artifact.contract.preprocessing.center_crop
    # A fixed shape compiles to the fastest code, and one image at a time is all that is asked.
    shape = runtime.PartialShape([1, 3, crop, crop])
    if not graph.input(0).partial_shape.compatible(shape):
        raise LoadError(
            Reason.MODEL_INVALID,
            f"{artifact.graph.name} takes {graph.input(0).partial_shape}, "
            f"but the contract says {shape}",
        )
    if artifact.graph.suffix == ".onnx":
        graph = _mapped(core, runtime, graph, artifact.graph.parent)
    graph.reshape(shape)
    return graph


def _require_output(
    runtime: Any, artifact: Artifact, graph: Any, number: int, output: Tensor
) -> None:
    found = graph.output(number)
    shape = runtime.PartialShape([-1 if size is None else size for size in output.shape])
    if output.name not in found.get_names() or not found.partial_shape.compatible(shape):
        raise LoadError(
            Reason.MODEL_INVALID,
            f"{artifact.graph.name} has no {('second', 'third')[number - 1]} output "
            f"{output.name!r} of shape {shape}, of which the contract speaks",
        )


def _mapped(core: Any, runtime: Any, graph: Any, folder: Path) -> Any:
    """The same graph in OpenVINO's own format, whose weights are mapped from a file.

    Those of an ONNX graph are held in memory for as long as its compiled forms live, though they
    compute with packed copies. The file goes with its last reader.
    """
    with tempfile.TemporaryDirectory(dir=folder) as home:
        path = Path(home) / "graph.xml"
        runtime.save_model(graph, path, compress_to_fp16=False)
        return core.read_model(path)


def _compile_options(precision: Precision, threads: int, streams: int) -> dict[str, object]:
    return {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        # Without this OpenVINO computes in bf16 wherever the processor can, whatever was measured.
        "INFERENCE_PRECISION_HINT": "bf16" if precision is Precision.BF16 else "f32",
        # Containers with a CPU quota see all of the node's processors: pinned, the threads of all
        # replicas on a node would share the same first few.
        "ENABLE_CPU_PINNING": False,
    }


def _warm_up(model: Model, threads: int) -> None:
    crop = model.contract.preprocessing.center_crop
    blank = np.zeros((1, 3, crop, crop), dtype=np.float32)
    try:
        answers = [model.probabilities(blank, alone=True) for _ in range(2)]
        # The requests take turns, so this runs every one of them.
        answers += [model.probabilities(blank, alone=False) for _ in range(workers(threads))]
    except (RuntimeError, ArithmeticError) as error:
        raise LoadError(
            Reason.MODEL_INVALID, f"the graph fails on a first image: {_first_line(error)}"
        ) from error
    if len(answers[0]) != len(model.contract.classes):
        raise LoadError(
            Reason.MODEL_INVALID,
            f"the graph has {len(answers[0])} outputs for {len(model.contract.classes)} classes",
        )


def openvino() -> Any:
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
