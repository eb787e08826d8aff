"""Artifacts as a training run leaves them, with a network small enough to judge by hand.

`colour_graph` answers with the mean of each colour channel: a red picture is "red".
`colour_graph_with_log_density` has learnt pure colours, and gives the lightness beside;
`colour_graph_with_features` gives the colour as well.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino
import pictures
from dandelion_pictures import VERSION
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CLASSES = ("red", "green", "blue")
SIZE = 32
SHORT_SIDE = 36


def tensor(*labels: str) -> NDArray[np.float32]:
    """Images as the network of the tests takes them: values from 0 to 1."""
    colours = np.array(
        [pictures.COLOURS[label] for label in labels], dtype=np.float32
    ) / np.float32(255)
    return np.broadcast_to(colours[:, :, None, None], (len(labels), 3, SIZE, SIZE)).copy()


@dataclass
class StoredArtifact:
    files: dict[str, bytes]
    bucket: str = "models"
    prefix: str = "default/lawn/a1b2c3d4e5/artifact"
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        self.digest = f"sha256:{hashlib.sha256(self.files['contract.json']).hexdigest()}"

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def objects(self) -> dict[str, bytes]:
        return {f"/{self.bucket}/{self.prefix}/{name}": data for name, data in self.files.items()}


def _colour_model(size: int, gain: float, classes: int) -> onnx.ModelProto:
    weights = np.zeros((3, classes), dtype=np.float32)
    np.fill_diagonal(weights, gain)
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["flat"], axis=1),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        ],
        "colour",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, size, size])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def colour_graph(size: int = SIZE, gain: float = 10.0, classes: int = 3) -> bytes:
    return bytes(_colour_model(size, gain, classes).SerializeToString())


def colour_graph_with_log_density() -> bytes:
    """The same with a second output, which falls with the square of an image's lightness."""
    return bytes(_with_log_density().SerializeToString())


def colour_graph_with_features() -> bytes:
    """The same with a third output, half of the mean of each channel."""
    model = _with_log_density()
    model.graph.node.append(helper.make_node("Mul", ["channels", "half"], ["features"]))
    model.graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), "half"))
    model.graph.output.append(
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 3])
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _with_log_density() -> onnx.ModelProto:
    model = _colour_model(SIZE, 10.0, 3)
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["channels"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["channels"], ["lightness"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["lightness", "lightness"], ["square"]),
        helper.make_node("Mul", ["square", "gain"], ["log_density"]),
    ]
    model.graph.node.extend(nodes)
    model.graph.initializer.append(numpy_helper.from_array(np.array(-2, np.float32), "gain"))
    model.graph.output.append(
        helper.make_tensor_value_info("log_density", TensorProto.FLOAT, ["batch"])
    )
    onnx.checker.check_model(model)
    return model


LOG_DENSITY = {"name": "log_density", "shape": [None]}
FEATURES = {"name": "features", "shape": [None, 3]}


def colour_graph_with_external_data() -> tuple[bytes, bytes]:
    """The graph with its weights in a file beside it, and that file."""
    model = _colour_model(SIZE, 10.0, 3)
    [weights] = model.graph.initializer
    data = bytes(weights.raw_data)
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="model.onnx.data")
    return bytes(model.SerializeToString()), data


def colour_graph_as_ir(stem: str) -> dict[str, bytes]:
    """The graph in OpenVINO's own format: two files with their names."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{stem}.onnx"
        path.write_bytes(colour_graph())
        graph = openvino.Core().read_model(path)
        openvino.save_model(graph, path.with_suffix(".xml"), compress_to_fp16=False)
        return {name: (path.parent / name).read_bytes() for name in (f"{stem}.xml", f"{stem}.bin")}


def contract(graph: bytes) -> dict[str, Any]:
    document: dict[str, Any] = {
        "apiVersion": "dandelion.dev/contract/v1",
        "name": "default.lawn",
        "run": "a1b2c3d4e5",
        "architecture": "resnet34",
        "classes": list(CLASSES),
        "input": {
            "name": "image",
            "shape": [None, 3, SIZE, SIZE],
            "dtype": "float32",
            "layout": "NCHW",
        },
        "output": {"name": "logits", "shape": [None, len(CLASSES)]},
        "reader": {"name": "dandelion-pictures", "version": VERSION},
        "preprocessing": {
            "colorSpace": "RGB",
            "resizeShortSide": SHORT_SIDE,
            "centerCrop": SIZE,
            "interpolation": "bilinear",
            "scale": 1 / 255,
            "mean": [0.0, 0.0, 0.0],
            "std": [1.0, 1.0, 1.0],
        },
        "graphs": {"fp32": "model.onnx"},
        "metrics": {"accuracy": 0.93, "macroF1": 0.92},
        "files": {
            "model.onnx": {"sha256": hashlib.sha256(graph).hexdigest(), "bytes": len(graph)},
            "model.safetensors": {"sha256": "0" * 64, "bytes": 1},
        },
    }
    return document


def stored(
    graph: bytes | None = None, extra: dict[str, bytes] | None = None, **changes: Any
) -> StoredArtifact:
    """An artifact whose contract matches its files, unless `changes` say otherwise."""
    data = colour_graph() if graph is None else graph
    document = contract(data)
    for name, content in (extra or {}).items():
        digest = hashlib.sha256(content).hexdigest()
        document["files"][name] = {"sha256": digest, "bytes": len(content)}
    text = json.dumps(document | changes, indent=2, sort_keys=True) + "\n"
    return StoredArtifact({"contract.json": text.encode(), "model.onnx": data, **(extra or {})})


def changed_contract(stored: StoredArtifact) -> None:
    stored.files["contract.json"] = stored.files["contract.json"].replace(b"0.93", b"0.99")
