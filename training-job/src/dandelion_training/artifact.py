"""An artifact's files: the graphs and weights, and the evidence for each precision.

`pipeline` calls `exported` and `assessed`, in this order.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from torch import nn

from dandelion_training import network as networks
from dandelion_training.engine import Precision, answers, has_bf16
from dandelion_training.export import export, prove
from dandelion_training.precision import Evidence, evidence
from dandelion_training.progress import Progress
from dandelion_training.quantize import CALIBRATION_IMAGES, NotQuantized, quantize
from dandelion_training.served import Served

log = structlog.get_logger()

GRAPH = "model.onnx"
INT8_GRAPH = "model.int8.xml"  # its weights lie beside it, in a .bin
WEIGHTS = "model.safetensors"
PROVEN_ON = 64  # images


@dataclass(frozen=True)
class Assessment:
    """What quantisation gave, and how every precision did on the holdout."""

    evidence: Evidence
    files: tuple[Path, ...]  # of the int8 graph; none where quantisation failed
    calibrated_on: int  # images
    seconds: float
    failure: str = ""


def exported(
    network: nn.Module, classes: tuple[str, ...], size: int, served: Served, work: Path
) -> tuple[Path, Path]:
    """The fp32 graph and the weights, proven to agree."""
    network.cpu()
    graph, weights = work / GRAPH, work / WEIGHTS
    export(network, size, graph)
    examples = next(iter(served.holdout()))[0][:PROVEN_ON].cpu()
    difference = prove(network, graph, examples)
    log.info("graph agrees with the network", difference=difference)
    networks.save_weights(network, weights, classes)
    return graph, weights


def assessed(
    graph: Path, served: Served, seed: int, threads: int, progress: Progress
) -> Assessment:
    """Quantise the graph, and have every precision there is answer the whole holdout."""
    graphs = {Precision.FP32: graph}
    if has_bf16():
        graphs[Precision.BF16] = graph
    int8 = graph.with_name(INT8_GRAPH)
    images = served.drawn(CALIBRATION_IMAGES, seed)
    files: tuple[Path, ...] = ()
    failure = ""
    begun = time.monotonic()
    try:
        quantize(graph, images, int8)
    except NotQuantized as reason:
        failure = str(reason)
        log.warning("no int8 graph; the model is served without", error=failure)
    else:
        graphs[Precision.INT8] = int8
        files = (int8, int8.with_suffix(".bin"))
    seconds = time.monotonic() - begun
    predicted = {}
    for number, (precision, path) in enumerate(graphs.items(), 1):
        progress.advance(number / (len(graphs) + 1), precision=precision.value)
        logits = answers(path, precision, _holdout(served), threads)
        predicted[precision] = np.asarray(logits.argmax(axis=1), np.int64)
    targets = np.concatenate([truth.cpu().numpy() for _, truth in served.holdout()])
    found = evidence(targets, predicted)
    log.info("precision", quantized_in=round(seconds, 1), **found.described())
    return Assessment(found, files, len(images), seconds, failure)


def _holdout(served: Served) -> Iterator[NDArray[np.float32]]:
    for inputs, _ in served.holdout():
        yield inputs.cpu().numpy()
