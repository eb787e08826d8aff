"""What in an image decided: a heat map for one class, from the network that serves.

Two ways. Where the network's last features tell places apart, its class activation map: one run
of the network, exact for ResNets. Where they do not (a network of 32 pixels ends in a single
position), parts of the image are hidden in turn, and what the class loses with each is
measured: some sixty runs, but of networks that are small. Both work on the very graph that
answers, int8 included.

The activation map needs the network compiled once more: 200 MB for a ResNet-34 in fp32, less in
int8. That happens at the first explanation, and never for those who ask for none.
Called by `front/routes/explain.py`.
"""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import structlog
from dandelion_pictures import Reader
from numpy.typing import NDArray

from dandelion_inference.answer.engine import Alone, Work
from dandelion_inference.answer.explain import heatmap
from dandelion_inference.answer.explain.activation import (
    ActivationMap,
    NoActivationMapError,
    compile_activation_map,
)
from dandelion_inference.answer.prediction import on_image
from dandelion_inference.model.network import Model
from dandelion_inference.ports.memory import return_freed_memory

# Places along each side that are hidden in turn, each together with half of its neighbours.
PLACES = 8

# A probability of 0 has no logarithm.
TINIEST = 1e-12

log = structlog.get_logger()


class Method(StrEnum):
    ACTIVATION = "activation"
    OCCLUSION = "occlusion"


@dataclass(frozen=True)
class Explanation:
    label: str
    method: Method
    png: bytes


class Explainer:
    """Explains one image at a time; made once, compiles when first asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._turn = threading.Lock()
        self._compiled = False
        self._map: ActivationMap | None = None

    def work(self, model: Model, data: bytes, label: str | None) -> Work[Explanation]:
        """For a worker. `label` is one of the classes, or None for the most probable one."""

        def explain(tensor: NDArray[np.float32], alone: Alone) -> Explanation:
            classes = model.contract.classes
            probabilities = model.probabilities(tensor, alone())
            index = int(np.argmax(probabilities)) if label is None else classes.index(label)
            # A client may hang up and the next begin while a worker is still at it.
            with self._turn:
                method, heat = self._heat(model, tensor, index, alone)
            png = heatmap.drawn(tensor, model.contract.preprocessing, heat)
            return Explanation(classes[index], method, png)

        return on_image(self._reader, model, [data], explain)

    def _heat(
        self, model: Model, tensor: NDArray[np.float32], index: int, alone: Alone
    ) -> tuple[Method, NDArray[np.float64]]:
        if not self._compiled:
            self._map = _activation_map(model)
            self._compiled = True
        if self._map is None:
            return Method.OCCLUSION, _occlusion(model, tensor, index, alone)
        scores = self._map.scores(tensor)
        # Only differences between classes decide: what speaks for all of them alike is no evidence.
        return Method.ACTIVATION, scores[index] - scores.mean(axis=0)


def _activation_map(model: Model) -> ActivationMap | None:
    try:
        return compile_activation_map(model.artifact, model.precision, model.threads)
    except NoActivationMapError as reason:
        log.info("explaining by occlusion", because=str(reason))
        return None
    finally:
        gc.collect()
        return_freed_memory()


def _occlusion(
    model: Model, tensor: NDArray[np.float32], index: int, alone: Alone
) -> NDArray[np.float64]:
    """How much of the class's probability goes with each place, in logarithms."""

    def certainty(image: NDArray[np.float32]) -> float:
        return float(np.log(max(model.probabilities(image, alone())[index], TINIEST)))

    whole = certainty(tensor)
    # Of all that could stand in for a part, the picture's mean colour stands out least.
    mean = tensor.mean(axis=(2, 3), keepdims=True)
    rows, columns = (_windows(side) for side in tensor.shape[2:])
    heat = np.zeros((len(rows), len(columns)))
    for row, vertical in enumerate(rows):
        for column, horizontal in enumerate(columns):
            hidden = tensor.copy()
            hidden[..., vertical, horizontal] = mean
            heat[row, column] = whole - certainty(hidden)
    return heat


def _windows(side: int) -> list[slice]:
    places = min(PLACES, side)
    step = side / places
    return [
        slice(max(0, round((place - 0.5) * step)), min(side, round((place + 1.5) * step)))
        for place in range(places)
    ]
