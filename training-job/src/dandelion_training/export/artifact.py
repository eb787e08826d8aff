"""An artifact's files: the weights, the graph that is proven to agree with them, and its int8 form.

`pipeline` calls `exported` and `quantized`, in this order.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import structlog
from torch import nn

from dandelion_training.data.served import Served
from dandelion_training.export.density import FITTED_ON, WithLogDensity, fitted
from dandelion_training.export.graph import export, prove
from dandelion_training.export.quantize import CALIBRATION_IMAGES, NotQuantized, quantize
from dandelion_training.learn import network as networks

log = structlog.get_logger()

GRAPH = "model.onnx"
INT8_GRAPH = "model.int8.xml"  # its weights lie beside it, in a .bin
WEIGHTS = "model.safetensors"
PROVEN_ON = 64  # images


@dataclass(frozen=True)
class Quantized:
    """What quantisation gave."""

    files: tuple[Path, ...]  # the int8 graph and its weights; none where quantisation failed
    calibrated_on: int  # images
    seconds: float
    failure: str = ""

    @property
    def graph(self) -> Path | None:
        return self.files[0] if self.files else None


def exported(
    network: nn.Module, classes: tuple[str, ...], size: int, served: Served, seed: int, work: Path
) -> tuple[Path, Path]:
    """The fp32 graph and the weights, proven to agree."""
    log_density = fitted(network, served.drawn(FITTED_ON, seed))
    whole = WithLogDensity(network, log_density).cpu()
    graph, weights = work / GRAPH, work / WEIGHTS
    export(whole, size, graph)
    examples = next(iter(served.holdout()))[0][:PROVEN_ON].cpu()
    difference = prove(whole, graph, examples)
    log.info("graph agrees with the network", difference=difference)
    networks.save_weights(network, weights, classes)
    return graph, weights


def quantized(graph: Path, served: Served, seed: int) -> Quantized:
    """The int8 form of the graph, beside it; that there is none costs the run no more than that."""
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
        files = (int8, int8.with_suffix(".bin"))
    seconds = time.monotonic() - begun
    log.info("quantized", seconds=round(seconds, 1), images=len(images))
    return Quantized(files, len(images), seconds, failure)
