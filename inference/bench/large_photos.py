"""What a phone's photo costs beside a small one, and whether it gets the same answer.

    PYTHONPATH=inference/src:inference/pictures/src python inference/bench/large_photos.py \\
        ARTIFACT PHOTOS

Every photo of the folder is enlarged to twelve megapixels and answered three times by the model of
the artifact's folder, or by the network of `make bench-serving` where that is "resnet34": as it is,
enlarged as the service decodes it (scaled down by the JPEG decoder where that leaves enough), and
enlarged and decoded in full. Prints JSON: how many there were, on how many both decodings agree,
and the medians of the seconds from bytes to answer.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from dandelion_inference.model.artifact import CONTRACT, Artifact
from dandelion_inference.model.contract import Contract
from dandelion_inference.model.network import Model, compile_model
from dandelion_inference.model.precision import wished
from dandelion_inference.ports.cpu import usable_cpus
from dandelion_inference.ports.settings import Asked
from dandelion_pictures import Reader
from dandelion_pictures.preprocessing import resized_size, to_tensor
from environments import cache
from graphs import graphs
from PIL import Image
from stored import write_artifact

RESNET34 = "resnet34"
PIXELS = 12_000_000
QUALITY = 92  # what phones write


def enlarged(photo: bytes) -> bytes:
    """The same photo with PIXELS pixels, as a JPEG."""
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    factor = (PIXELS / (image.width * image.height)) ** 0.5
    size = (round(image.width * factor), round(image.height * factor))
    out = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def served(folder: Path) -> Model:
    contract = Contract.model_validate_json((folder / CONTRACT).read_bytes())
    precision = wished(Asked.AUTO, contract)
    graph = contract.graphs.of(precision)
    assert graph is not None
    return compile_model(Artifact(contract, folder / graph, Asked.AUTO, precision), usable_cpus())


class Comparison:
    def __init__(self, model: Model) -> None:
        self._model = model
        self._reader = Reader()
        self.seconds: dict[str, list[float]] = {"small": [], "scaled": [], "full": []}

    def same_answer(self, photo: bytes) -> bool:
        large = enlarged(photo)
        self._top("small", lambda: self._scaled(photo))
        return self._top("scaled", lambda: self._scaled(large)) == self._top(
            "full", lambda: self._full(large)
        )

    def _top(self, what: str, probabilities: Callable[[], list[float]]) -> int:
        started = time.perf_counter()
        found = probabilities()
        self.seconds[what].append(time.perf_counter() - started)
        return found.index(max(found))

    def _scaled(self, photo: bytes) -> list[float]:
        tensor = self._reader.tensor(photo, self._model.contract.preprocessing)
        return self._model.probabilities(tensor, alone=True)

    def _full(self, photo: bytes) -> list[float]:
        preprocessing = self._model.contract.preprocessing
        with Image.open(io.BytesIO(photo)) as image:
            size = resized_size(image.size, preprocessing.resize_short_side)
            resized = image.resize(size, Image.Resampling.BILINEAR)
        return self._model.probabilities(to_tensor(resized, preprocessing), alone=True)


def photos(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*.jp*g")):
        yield path.read_bytes()


def main(artifact: str, folder: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(artifact)
        if artifact == RESNET34:
            digest = write_artifact(graphs(cache()), Path(scratch), "int8")
            home = Path(scratch) / digest.removeprefix("sha256:")
        comparison = Comparison(served(home))
    agreed = [comparison.same_answer(photo) for photo in photos(Path(folder))]
    medians = {what: statistics.median(each) for what, each in comparison.seconds.items()}
    print(json.dumps({"photos": len(agreed), "agreed": sum(agreed), "seconds": medians}))


if __name__ == "__main__":
    main(*sys.argv[1:])
