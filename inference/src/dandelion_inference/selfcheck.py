"""`python -m dandelion_inference.selfcheck`: does this installation have all it needs?

The image's build runs it after leaving out the parts of the libraries that serving does not need:
an image that lacks one too many must not come into being.
"""

from __future__ import annotations

import asyncio
import base64
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from dandelion_pictures import VERSION, Reader
from numpy.typing import NDArray
from PIL import Image

from dandelion_inference.answer.decoding.decoder import start
from dandelion_inference.answer.decoding.images import LargeImage
from dandelion_inference.front.docs import ASSETS, asset_folder
from dandelion_inference.front.routes.page import PAGE, assets
from dandelion_inference.model.artifact import Artifact
from dandelion_inference.model.contract import Contract, Precision
from dandelion_inference.model.network import compile_model
from dandelion_inference.ports.settings import Asked

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP")

# Nothing here encodes HEIC: 128 x 64 pixels, in the colours of a phone (Display P3).
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAGhlaWNtaWYxbWlhZgAAAUJtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAA"
    "AAAAAAAAAA5waXRtAAAAAAABAAAAI2lpbmYAAAAAAAEAAAAVaW5mZQIAAAAAAQAAaHZjMQAAAAAeaWxvYwAAAABEAAAB"
    "AAEAAAABAAABZgAAAIMAAADGaXBycAAAAKVpcGNvAAAAdmh2Y0MBBAgAAACeOAAAAAAe8AD8//j4AAAPA2AAAQAXQAEM"
    "Af//BAgAAAMAnjgAAAMAAB66AkBhAAEAKUIBAQQIAAADAJ44AAADAAAekAIECCy3UklNc3AQ0GBAAAAGQAAAAwBCYgAB"
    "AAhEAcFyhgwCJAAAABRpc3BlAAAAAAAAAIAAAABAAAAAE2NvbHJuY2x4AAwADQAGgAAAABlpcG1hAAAAAQAAAAEAAQMA"
    "AQACAAMAAACLbWRhdAAAAH8oAa8GuGOw3P/Nzf//+Sjvof6GgJ/8CPTfO44ff4k8P//peaFv7H+FDNWrIINfn8Xx+Dkc"
    "dnjBTEYOcas2z0k/IDy9lsQdgVdTdE8Dygj465WSVHs2JBbhuqA5nC2NckK/wpz/+qAP/8bcNbxsrv+Gfz//gulY/JiF"
    "Oxv9/Pjw"
)

# Convolution, mean and flatten: 3 x 8 x 8 in, two equal numbers out.
GRAPH = base64.b64decode(
    "CAk6swEKEwoFaW1hZ2UKAXcSAWMiBENvbnYKGQoBYxIBcCIRR2xvYmFsQXZlcmFnZVBvb2wKFAoBcBIG"
    "bG9naXRzIgdGbGF0dGVuEgVjaGVjayonCAIIAwgBCAEQAUIBd0oYAACAPwAAgD8AAIA/AACAPwAAgD8A"
    "AIA/WiAKBWltYWdlEhcKFQgBEhEKAxIBbgoCCAMKAggICgIICGIZCgZsb2dpdHMSDwoNCAESCQoDEgFu"
    "CgIIAkIECgAQEQ=="
)
CONTRACT = Contract.model_validate(
    {
        "apiVersion": "dandelion.dev/contract/v1",
        "reader": {"name": "dandelion-pictures", "version": VERSION},
        "run": "selfcheck",
        "architecture": "convolution",
        "classes": ["one", "other"],
        "input": {"name": "image", "shape": [None, 3, 8, 8]},
        "output": {"name": "logits", "shape": [None, 2]},
        "preprocessing": {
            "colorSpace": "RGB",
            "resizeShortSide": 9,
            "centerCrop": 8,
            "interpolation": "bilinear",
            "scale": 1 / 255,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
        },
        "graphs": {"fp32": "model.onnx"},
        "files": {"model.onnx": {"sha256": "0" * 64, "bytes": len(GRAPH)}},
    }
)

PREPROCESSING = CONTRACT.preprocessing


def check() -> None:
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "model.onnx"
        graph.write_bytes(GRAPH)
        model = compile_model(Artifact(CONTRACT, graph, Asked.AUTO, Precision.FP32), threads=2)
        model.activation_map(np.zeros((1, 3, 8, 8), np.float32))
    reader = Reader()
    for file_format, data in _files().items():
        tensor = reader.tensor(data, PREPROCESSING)
        if model.probabilities(tensor, alone=True) != [0.5, 0.5]:
            raise SystemExit(f"a {file_format} image gives a wrong answer")
    here, elsewhere = reader.tensor(HEIC, PREPROCESSING), asyncio.run(_decoded_elsewhere(HEIC))
    if not np.array_equal(here, elsewhere):
        raise SystemExit("a decoder gives other numbers than the reader")
    if PAGE not in assets():
        raise SystemExit("the page for people is missing")
    for name in ASSETS:
        if not (asset_folder() / name).is_file():
            raise SystemExit(f"/docs lacks {name}")


async def _decoded_elsewhere(data: bytes) -> NDArray[np.float32]:
    """As large images are."""
    decoder = await start()
    try:
        cost = Reader().open(data, PREPROCESSING).cost
        return await decoder.tensor(LargeImage(data, PREPROCESSING, cost), seconds=60)
    finally:
        decoder.kill()
        await decoder.ended()


def _files() -> dict[str, bytes]:
    """A small image of each format."""
    files = {"HEIC": HEIC}
    for file_format in FORMATS:
        out = io.BytesIO()
        Image.new("RGB", (20, 10), "yellow").save(out, file_format)
        files[file_format] = out.getvalue()
    return files


if __name__ == "__main__":
    check()
    print("decodes, compiles, infers and explains", file=sys.stderr)
