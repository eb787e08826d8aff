"""The trained network as files, and the proof that what will be served is what was trained.

`artifact` calls `export` and then `prove`, which runs the very graph that was written on the very
engine that serves it.
"""

import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dandelion_training.export.density import WithLogDensity
from dandelion_training.export.engine import openvino
from dandelion_training.ports.failures import Reason, TrainingFailure

# It remarks in every log that a GPU compiler is missing that nothing here uses.
logging.getLogger("torch.utils.flop_counter").setLevel(logging.ERROR)

INPUT, OUTPUT, LOG_DENSITY, FEATURES = "image", "logits", "log_density", "features"

# Two engines sum the same products in another order; on trained ResNets the logits differ by less
# than a tenth of this.
TOLERANCE = 1e-3


def export(network: WithLogDensity, image_size: int, path: Path) -> None:
    """One ONNX file with the weights inside, for any number of images at once."""
    network.eval()
    example = torch.zeros(2, 3, image_size, image_size)
    with warnings.catch_warnings():
        # The exporter warns of its own deprecated parts; there is nothing a user could do about
        # them.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=[OUTPUT, LOG_DENSITY, FEATURES],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        )
    if program is None:
        raise RuntimeError("the ONNX exporter returned no program")
    for node in program.model.graph:
        node.metadata_props.clear()  # traces of this machine's source files, of no use to a reader
    program.save(path, external_data=False)


def prove(network: WithLogDensity, graph: Path, images: torch.Tensor) -> float:
    """The largest difference of the graph's outputs, relative to an output's size; above the
    tolerance it is a failure.
    """
    network.eval()
    with torch.inference_mode():
        trained = [output.numpy() for output in network(images)]
    served = _served(graph, images.numpy())
    difference = max(map(_difference, trained, served))
    if not difference <= TOLERANCE:
        raise TrainingFailure(
            Reason.ARTIFACT_MISMATCH,
            f"The exported graph and the trained network differ by {difference:.2e}"
            f" on {len(images)} images, more than {TOLERANCE:.0e}; the model was not published.",
        )
    return difference


def _difference(trained: NDArray[np.float32], served: NDArray[np.float32]) -> float:
    return float(np.abs(trained - served).max() / max(1.0, float(np.abs(trained).max())))


def _served(graph: Path, images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    core = openvino().Core()
    compiled = core.compile_model(
        core.read_model(graph), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    found = compiled({INPUT: images})
    return [np.asarray(found[name]) for name in (OUTPUT, LOG_DENSITY, FEATURES)]
