"""An artifact whose network computes for ever on any image but a black one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import openvino
from openvino import opset13 as opset

from given import artifacts
from given.artifacts import StoredArtifact

# Of a microsecond or two each: half an hour for the brightest image.
ROUNDS = 1e9


def stored() -> StoredArtifact:
    files = _graph("endless")
    return artifacts.stored(extra=files, graphs={"fp32": "endless.xml"})


def _graph(stem: str) -> dict[str, bytes]:
    """In OpenVINO's own format: two files with their names."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{stem}.xml"
        openvino.save_model(_model(), path, compress_to_fp16=False)
        return {name: (path.parent / name).read_bytes() for name in (f"{stem}.xml", f"{stem}.bin")}


def _model() -> openvino.Model:
    """The means of the colours, as many times over as the image is bright."""
    image = opset.parameter([1, 3, artifacts.SIZE, artifacts.SIZE], np.float32, name="image")
    means = opset.reduce_mean(image, np.array([2, 3]), keep_dims=False)
    brightest = opset.reduce_max(image, np.array([0, 1, 2, 3]), keep_dims=False)
    rounds = opset.convert(opset.multiply(brightest, np.float32(ROUNDS)), "i64")
    loop = opset.loop(rounds, opset.constant(np.array(True)))
    state = opset.parameter([1, 3], np.float32)
    body = openvino.Model([opset.constant(np.array(True)), opset.sin(state)], [state])
    loop.set_function(body)
    loop.set_special_body_ports([-1, 0])
    loop.set_merged_input(state, means.output(0), body.results[1].output(0))
    return openvino.Model([loop.get_iter_value(body.results[1].output(0), -1)], [image])
