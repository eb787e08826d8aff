"""Where in a picture the network found what speaks for a class: class activation maps.

Networks that end in an average over all positions and then a head (every ResNet) have judged each
position before they average: the same head, applied to the features of one position, gives that
position's part of the answer. For a linear head the parts add up to the answer exactly. Needs one
run of the network and no gradients: what goes into the last average is an output more of the form
that computes a lone image. Called by `network.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

AVERAGES = frozenset({"ReduceMean", "AvgPool", "AdaptiveAvgPool"})

# Fewer positions along a side say next to nothing about where.
FEWEST_POSITIONS = 4


class NoActivationMapError(Exception):
    """The graph has no such layer, or it sees too few positions; says which."""


class Head:
    """What is behind the last average, as a network of its own."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """What each position says for each class, [classes, height, width], by what went into the
        average of one image, [channels, height, width]."""
        channels, height, width = features.shape
        nothing = self._answer(np.zeros(channels, dtype=np.float32))
        parts = [
            self._answer(features[:, y, x]) - nothing for y in range(height) for x in range(width)
        ]
        return np.stack(parts, axis=1).reshape(-1, height, width)

    def _answer(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        shape = tuple(self._request.get_input_tensor(0).shape)
        self._request.infer({0: np.ascontiguousarray(features).reshape(shape)})
        answer: NDArray[np.float64] = self._request.get_output_tensor(0).data[0].astype(np.float64)
        return answer


def divided(runtime: Any, graph: Any) -> tuple[Any, Any]:
    """A copy of the graph with one more output, the last, which is what goes into its last average;
    and what comes after that average. Raises NoActivationMapError."""
    whole = graph.clone()
    # What else the graph says of an image leads through averages of its own.
    average = _last_average(runtime.Model([whole.output(0)], whole.get_parameters(), "logits"))
    other = graph.clone()
    labels = runtime.Model([other.output(0)], other.get_parameters(), "logits")
    head = _head(runtime, labels, average.get_friendly_name())
    whole.add_outputs([average.input_value(0)])
    return whole, head


def _last_average(graph: Any) -> Any:
    averages = [node for node in graph.get_ordered_ops() if _takes_all_positions(node)]
    if not averages:
        raise NoActivationMapError("the graph has no average over all positions")
    height, width = tuple(averages[-1].input_value(0).get_shape())[2:]
    if min(height, width) < FEWEST_POSITIONS:
        raise NoActivationMapError(f"the network's last features are only {height} x {width}")
    return averages[-1]


def _takes_all_positions(node: Any) -> bool:
    """Told by the shapes: exporters write the same average in several ways."""
    if node.get_type_name() not in AVERAGES:
        return False
    before, after = node.input_value(0).get_partial_shape(), node.output(0).get_partial_shape()
    if before.is_dynamic or after.is_dynamic:
        return False
    shape = tuple(before.get_shape())
    channels = shape[:2]
    return len(shape) == 4 and tuple(after.get_shape()) in (channels, (*channels, 1, 1))


def _head(runtime: Any, graph: Any, average_name: str) -> Any:
    [average] = [node for node in graph.get_ops() if node.get_friendly_name() == average_name]
    pooled = average.output(0)
    entry = runtime.op.Parameter(runtime.Type.f32, pooled.get_shape())
    for target in pooled.get_target_inputs():
        target.replace_source_output(entry.output(0))
    try:
        head = runtime.Model(graph.get_results(), [entry], "head")
    except RuntimeError as error:
        raise NoActivationMapError("the graph's answer depends on more than its average") from error
    _let_through(head, entry)
    return head


def _let_through(head: Any, entry: Any) -> None:
    """Takes the roundings of activations out of an int8 head.

    They are fitted to averages and would cut off a single position, which may lie far outside.
    """
    reached = {entry.get_friendly_name()}
    for node in head.get_ordered_ops():
        if not any(
            value.get_node().get_friendly_name() in reached for value in node.input_values()
        ):
            continue
        reached.add(node.get_friendly_name())
        if node.get_type_name() == "FakeQuantize":
            for target in node.output(0).get_target_inputs():
                target.replace_source_output(node.input_value(0))
