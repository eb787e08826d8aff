"""What in an image decided: a heat map for one class, from the network that serves.

Two ways. Where the network's last features tell places apart, its class activation map: one run
of the network, exact for ResNets. Where they do not (a network of 32 pixels ends in a single
position), parts of the image are hidden in turn, and what the class loses with each is
measured: some sixty runs, but of networks that are small. Both work on the very graph that
answers, int8 included.

Explanations have a thread of their own, so that predictions keep all workers, and go from step to
step on the event loop: one that nobody waits for any more takes no further step. Called by
`front/routes/explain.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from dandelion_inference.answer.decoding.decoders import Decoders
from dandelion_inference.answer.decoding.images import Images, LargeImage
from dandelion_inference.answer.explain import heatmap
from dandelion_inference.answer.progress import Progress, Stage
from dandelion_inference.model.activation import NoActivationMapError
from dandelion_inference.model.network import Model

# Places along each side that are hidden in turn, each together with half of its neighbours.
PLACES = 8

# A probability of 0 has no logarithm.
TINIEST = 1e-12

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Method(StrEnum):
    ACTIVATION = "activation"
    OCCLUSION = "occlusion"


@dataclass(frozen=True)
class Explanation:
    label: str
    method: Method
    png: bytes


class Explainer:
    """Explains one image at a time."""

    def __init__(self, images: Images, decoders: Decoders) -> None:
        self._images = images
        self._decoders = decoders
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="explanation")

    async def explain(
        self, model: Model, data: bytes, label: str | None, progress: Progress
    ) -> Explanation:
        """`label` is one of the classes, or None for the most probable one; raises RefusedError.

        Where the caller is cancelled, the step under way is the last.
        """
        async with self._turn:
            progress.enter(Stage.DECODING)
            tensor = await self._tensor(model, data, progress)
            progress.enter(Stage.COMPUTING)
            classes = model.contract.classes
            if label is None:
                probabilities = await self._step(model.probabilities, tensor, False)
                index = int(np.argmax(probabilities))
            else:
                index = classes.index(label)
            method, heat = await self._heat(model, tensor, index)
            preprocessing = model.contract.preprocessing
            png = await self._step(heatmap.drawn, tensor, preprocessing, heat)
            return Explanation(classes[index], method, png)

    def close(self) -> None:
        """Takes no further step, and waits for none: it may never end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _step(
        self, step: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        return await asyncio.wrap_future(self._thread.submit(step, *args, **kwargs))

    async def _tensor(self, model: Model, data: bytes, progress: Progress) -> NDArray[np.float32]:
        opened = await self._step(self._images.opened, data, model.contract.preprocessing)
        if not isinstance(opened, LargeImage):
            return opened
        progress.enter(Stage.WAITING)
        async with self._decoders.decoded(opened, progress) as tensor:
            return tensor

    async def _heat(
        self, model: Model, tensor: NDArray[np.float32], index: int
    ) -> tuple[Method, NDArray[np.float64]]:
        try:
            scores = await self._step(model.activation_map, tensor)
        except NoActivationMapError:
            return Method.OCCLUSION, await self._occlusion(model, tensor, index)
        # Only differences between classes decide: what speaks for all of them alike is no evidence.
        return Method.ACTIVATION, scores[index] - scores.mean(axis=0)

    async def _occlusion(
        self, model: Model, tensor: NDArray[np.float32], index: int
    ) -> NDArray[np.float64]:
        """How much of the class's probability goes with each place, in logarithms."""

        async def certainty(image: NDArray[np.float32]) -> float:
            probabilities = await self._step(model.probabilities, image, False)
            return float(np.log(max(probabilities[index], TINIEST)))

        whole = await certainty(tensor)
        # Of all that could stand in for a part, the picture's mean colour stands out least.
        mean = tensor.mean(axis=(2, 3), keepdims=True)
        rows, columns = (_windows(side) for side in tensor.shape[2:])
        heat = np.zeros((len(rows), len(columns)))
        for row, vertical in enumerate(rows):
            for column, horizontal in enumerate(columns):
                hidden = tensor.copy()
                hidden[..., vertical, horizontal] = mean
                heat[row, column] = whole - await certainty(hidden)
        return heat


def _windows(side: int) -> list[slice]:
    places = min(PLACES, side)
    step = side / places
    return [
        slice(max(0, round((place - 0.5) * step)), min(side, round((place + 1.5) * step)))
        for place in range(places)
    ]
