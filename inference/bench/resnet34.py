"""ResNet-34 as an ONNX graph, without torch.

The benchmark needs the cost of a real ResNet-34, not its knowledge: the graph below has the layers
of the published network (batch normalisation folded into the convolutions, as an export leaves it)
and random weights, scaled so that activations neither vanish nor overflow. Called by
`graphs.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))

# The further outputs, the stage that they look at, and how their operations' names begin.
LOG_DENSITY, FEATURES, DENSITY_STAGE, DENSITY = "log_density", "features", STAGES[1], "density"


class _Graph:
    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(seed)

    def weight(self, shape: tuple[int, ...], fan_in: int, gain: float) -> str:
        name = f"w{len(self.weights)}"
        values = self._random.standard_normal(shape, dtype=np.float32) * np.sqrt(gain / fan_in)
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def node(self, op: str, inputs: list[str], **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def convolution(
        self, x: str, channels: tuple[int, int], kernel: int, stride: int, gain: float = 2.0
    ) -> str:
        into, out = channels
        weights = self.weight((out, into, kernel, kernel), into * kernel * kernel, gain)
        bias = self.weight((out,), 1, 0.01)
        return self.node(
            "Conv",
            [x, weights, bias],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[kernel // 2] * 4,
        )

    def block(self, x: str, channels: tuple[int, int], stride: int) -> str:
        into, out = channels
        shortcut = x if stride == 1 and into == out else self.convolution(x, channels, 1, stride, 1)
        y = self.node("Relu", [self.convolution(x, channels, 3, stride)])
        # A small last gain keeps the sum of sixteen residual branches in range.
        y = self.convolution(y, (out, out), 3, 1, gain=0.1)
        return self.node("Relu", [self.node("Add", [y, shortcut])])

    def density(self, x: str, features: int) -> None:
        """−‖(f − μ) W‖² / 2D of the D features' averages over all positions, and (f − μ) W / √D, of
        length 1 at most, as training exports them."""
        mean = self.weight((features,), 1, 1.0)
        whitening = self.weight((features, features), features, 1.0)
        for name, number in (("factor", -0.5), ("one", 1), ("count", features)):
            self.weights.append(numpy_helper.from_array(np.array(number, np.float32), name))
        self.weights.append(numpy_helper.from_array(np.array([1]), "axis"))

        def node(op: str, inputs: list[str], **attributes: Any) -> str:
            name = f"{DENSITY}{len(self.nodes)}"
            self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
            return name

        seen = node("ReduceMean", [x], axes=[2, 3], keepdims=0)
        whitened = node("MatMul", [node("Sub", [seen, mean]), whitening])
        square = node("ReduceMean", [node("Mul", [whitened, whitened])], axes=[1], keepdims=0)
        self.nodes.append(helper.make_node("Mul", [square, "factor"], [LOG_DENSITY], DENSITY))
        longest = node("Sqrt", [node("Mul", [node("Max", [square, "one"]), "count"])])
        column = node("Unsqueeze", [longest, "axis"])
        self.nodes.append(helper.make_node("Div", [whitened, column], [FEATURES], f"{DENSITY}s"))


def write_resnet34(
    path: Path, image_size: int, classes: int, *, density: bool = False, seed: int = 0
) -> None:
    graph = _Graph(seed)
    x = graph.node("Relu", [graph.convolution("image", (3, 64), 7, 2)])
    x = graph.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    width = 64
    for stage in STAGES:
        out, blocks, first_stride = stage
        for index in range(blocks):
            x = graph.block(x, (width, out), first_stride if index == 0 else 1)
            width = out
        if density and stage == DENSITY_STAGE:
            graph.density(x, width)
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])], axis=1)
    head = graph.weight((width, classes), width, 1.0)
    bias = graph.weight((classes,), 1, 0.01)
    graph.nodes.append(helper.make_node("Gemm", [x, head, bias], ["logits"]))
    size: list[str | int | None] = ["batch", 3, image_size, image_size]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])]
    if density:
        outputs += [
            helper.make_tensor_value_info(LOG_DENSITY, TensorProto.FLOAT, ["batch"]),
            helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["batch", DENSITY_STAGE[0]]),
        ]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "resnet34",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, size)],
            outputs,
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)
