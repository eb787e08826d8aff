"""From uploaded bytes to an answer, off the event loop.

Decoding runs in as many threads as there are processors; the network runs in one thread, because a
single inference already uses all of them. Called by `app.py`.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dandelion_inference.errors import RefusedError
from dandelion_inference.image import ImageReader
from dandelion_inference.model import Model


@dataclass(frozen=True)
class Prediction:
    label: str
    probability: float
    scores: dict[str, float]


class Predictor:
    def __init__(self, reader: ImageReader, threads: int) -> None:
        self._reader = reader
        self._decoders = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._network = ThreadPoolExecutor(1, thread_name_prefix="infer")

    async def predict(self, model: Model, images: list[bytes]) -> list[Prediction]:
        """One prediction an image, in order. Empties `images` on the way; raises RefusedError."""
        loop = asyncio.get_running_loop()
        predictions = []
        many = len(images) > 1
        for position in range(len(images)):
            data, images[position] = images[position], b""
            try:
                tensor = await loop.run_in_executor(
                    self._decoders, self._reader.tensor, data, model.contract.preprocessing
                )
            except RefusedError as refusal:
                raise refusal.about_file(position + 1) if many else refusal from refusal
            scores = await loop.run_in_executor(self._network, model.probabilities, tensor)
            predictions.append(_prediction(model.contract.classes, scores))
        return predictions

    def close(self) -> None:
        self._decoders.shutdown()
        self._network.shutdown()


def _prediction(classes: tuple[str, ...], scores: list[float]) -> Prediction:
    best = max(range(len(scores)), key=scores.__getitem__)
    return Prediction(
        label=classes[best],
        probability=scores[best],
        scores=dict(zip(classes, scores, strict=True)),
    )
