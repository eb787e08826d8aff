"""The network that every contender serves: ResNet-34 in fp32, and the same quantised to int8.

This project's artifacts have two outputs more, which its service pays for: its graphs lie in a
folder of their own and have those too.

Written once and kept, because the quantisation takes longer than many a measurement. Called by
`comparison.py`.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

from classifier import IMAGE_SIZE, tensor
from photos import photos
from resnet34 import DENSITY, FEATURES, LOG_DENSITY, write_resnet34

CLASSES = 10
CALIBRATION_PHOTOS = 64
FP32, INT8 = "model.onnx", "model.int8.xml"
OURS = "with-density"


def graphs(cache: Path) -> Path:
    """The folder with both graphs, and in `OURS` those with all outputs; made anew when what
    they are made by has changed."""
    here = Path(__file__).resolve().parent
    made_by = b"".join((here / name).read_bytes() for name in ("graphs.py", "resnet34.py"))
    made_by += (version("nncf") + version("openvino")).encode()
    folder = cache / f"graphs-{hashlib.sha256(made_by).hexdigest()[:12]}"
    if not (folder / ".complete").exists():
        for home, density in ((folder, False), (folder / OURS, True)):
            home.mkdir(parents=True, exist_ok=True)
            write_resnet34(home / FP32, IMAGE_SIZE, CLASSES, density=density)
            _quantise(home / FP32, home / INT8)
        (folder / ".complete").touch()
    return folder


def _quantise(source: Path, target: Path) -> None:
    # They take seconds to import, and the graphs are nearly always there.
    import nncf
    import openvino

    model = openvino.Core().read_model(source)
    examples = [tensor(data) for data in photos(CALIBRATION_PHOTOS)]
    quantised = nncf.quantize(
        model,
        nncf.Dataset(examples),
        subset_size=len(examples),
        # As training does: eight bits would round small differences away.
        ignored_scope=nncf.IgnoredScope(
            patterns=[f"{DENSITY}.*", LOG_DENSITY, FEATURES], validate=False
        ),
    )
    openvino.save_model(quantised, target, compress_to_fp16=False)
