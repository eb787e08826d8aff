"""An explanation that nobody waits for any more takes no further step."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pictures
import pytest
from dandelion_inference.answer.decoding.decoders import Decoders
from dandelion_inference.answer.decoding.images import Images
from dandelion_inference.answer.explain.explainer import PLACES, Explainer, Explanation, Method
from dandelion_inference.answer.progress import Kind, Workload
from dandelion_inference.model.network import Model
from dandelion_pictures import Reader
from given import artifacts
from numpy.typing import NDArray
from openvino import opset13 as opset
from running.loading import compiled

STEPS = PLACES**2 + 1


class Watched:
    """A model that counts its runs, and stops at one until told to go on."""

    def __init__(self, model: Model, stops_at: int) -> None:
        self._model = model
        self._stops_at = stops_at
        self.runs = 0
        self.stopped, self.go_on = threading.Event(), threading.Event()

    def probabilities(self, tensor: NDArray[np.float32], alone: bool) -> list[float]:
        assert not alone
        self.runs += 1
        if self.runs == self._stops_at:
            self.stopped.set()
            assert self.go_on.wait(60)
        return self._model.probabilities(tensor, alone)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """One that is explained by hiding parts."""
    image = opset.parameter([1, 3, artifacts.SIZE, artifacts.SIZE], np.float32, name="image")
    flat = opset.reshape(image, np.array([1, -1]), special_zero=False)
    weights = np.repeat(np.eye(3, dtype=np.float32), artifacts.SIZE**2, axis=0)
    logits = opset.matmul(flat, weights, transpose_a=False, transpose_b=False)
    path = tmp_path / "model.xml"
    openvino.save_model(openvino.Model([logits], [image]), path, compress_to_fp16=False)
    return compiled(path)


async def explained(explainer: Explainer, model: Any) -> Explanation:
    with Workload(dict.fromkeys(Kind, 1.0)).images(1, Kind.EXPLANATION) as [progress]:
        return await explainer.explain(model, pictures.plain(), "red", progress)


def test_an_abandoned_explanation_stops_after_its_step(model: Model) -> None:
    watched: Any = Watched(model, stops_at=5)
    decoders = Decoders(lambda: 2**30, places=1, seconds=30)
    explainer = Explainer(Images(Reader(), reserve=0), decoders)

    async def scenario() -> None:
        abandoned = asyncio.ensure_future(explained(explainer, watched))
        await asyncio.to_thread(watched.stopped.wait, 60)
        following = asyncio.ensure_future(explained(explainer, watched))
        abandoned.cancel()
        with pytest.raises(asyncio.CancelledError):
            await abandoned
        watched.go_on.set()
        assert (await following).method is Method.OCCLUSION

    asyncio.run(scenario())
    explainer.close()
    assert watched.runs == 5 + STEPS


def test_an_explanation_that_was_abandoned_while_it_waited_takes_no_step(model: Model) -> None:
    watched: Any = Watched(model, stops_at=1)
    decoders = Decoders(lambda: 2**30, places=1, seconds=30)
    explainer = Explainer(Images(Reader(), reserve=0), decoders)

    async def scenario() -> None:
        first = asyncio.ensure_future(explained(explainer, watched))
        await asyncio.to_thread(watched.stopped.wait, 60)
        waiting = asyncio.ensure_future(explained(explainer, watched))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        watched.go_on.set()
        await first

    asyncio.run(scenario())
    explainer.close()
    assert watched.runs == STEPS
