"""What a user of any model server writes around it: Pillow, numpy and OpenVINO.

Every peer's `serve.py` and the bare loop call this, so that they differ in the serving alone. It
runs in the peers' environments and imports nothing of this project. The environment says which
graph (`BENCH_GRAPH`) and which of OpenVINO's hints (`BENCH_HINT`; unset: OpenVINO's defaults).
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

IMAGE_SIZE, SHORT_SIDE = 224, 256
SCALE, MEAN, STD = 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_MEAN, _STD = np.array(MEAN, dtype=np.float32), np.array(STD, dtype=np.float32)


def tensor(data: bytes) -> NDArray[np.float32]:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    width, height = image.size
    resized = image.resize((SHORT_SIDE * width // height, SHORT_SIDE))
    left, top = (resized.width - IMAGE_SIZE) // 2, (SHORT_SIDE - IMAGE_SIZE) // 2
    crop = resized.crop((left, top, left + IMAGE_SIZE, top + IMAGE_SIZE))
    pixels = (np.asarray(crop, dtype=np.float32) * np.float32(SCALE) - _MEAN) / _STD
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis])


def compiled(graph: str, options: dict[str, Any]) -> Any:
    # Importing openvino imports its model converter, which reports the import to the vendor over
    # the network. An entry of None makes that import fail, as where there is no converter.
    cast(dict[str, Any], sys.modules).setdefault("openvino.tools.ovc", None)
    import openvino

    core = openvino.Core()
    model = core.read_model(graph)
    model.reshape([1, 3, IMAGE_SIZE, IMAGE_SIZE])
    return core.compile_model(model, "CPU", options)


def top_class(request: Any, data: bytes) -> int:
    return _top_class(request, tensor(data))


def _top_class(request: Any, pixels: NDArray[np.float32]) -> int:
    request.infer({0: pixels})
    return int(request.get_output_tensor(0).data.argmax())


class Classifier:
    """Safe to call from as many threads as there are; each waits for a free infer request."""

    def __init__(self) -> None:
        hint = os.environ.get("BENCH_HINT")
        options = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": "f32"} if hint else {}
        network = compiled(os.environ["BENCH_GRAPH"], options)
        streams = network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(streams):
            self._requests.put(network.create_infer_request())
        self._threads = ThreadPoolExecutor(streams)

    def classify(self, data: bytes) -> dict[str, str]:
        pixels = tensor(data)
        request = self._requests.get()
        try:
            return {"label": f"class-{_top_class(request, pixels)}"}
        finally:
            self._requests.put(request)

    def classify_all(self, batch: Sequence[bytes]) -> list[dict[str, str]]:
        """A batch, as one image a stream at a time: what is fastest on a CPU."""
        return list(self._threads.map(self.classify, batch))
