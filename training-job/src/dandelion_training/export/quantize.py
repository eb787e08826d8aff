"""The int8 graph: post-training quantisation with NNCF.

`artifact` calls `quantize`. What goes wrong in here costs the run no more than the int8 graph.
"""

import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import rich
from numpy.typing import NDArray

from dandelion_training.export.engine import openvino

CALIBRATION_IMAGES = 300


class Images(Protocol):
    """What activations are measured on: NCHW, one image an item, the same each time."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[NDArray[np.float32]]: ...


class NotQuantized(Exception):  # noqa: N818 - an outcome of a run, which goes on without
    """Why there is no int8 graph."""


def quantize(graph: Path, images: Images, target: Path) -> None:
    """Write the int8 form of a graph to `target`, an .xml, and the .bin beside it."""
    try:
        with _silence():
            _quantize(graph, images, target)
    except Exception as error:  # NNCF promises no types, and a graph too many is no loss.
        text = " ".join(str(error).split())[:1000]  # OpenVINO names the cause last
        raise NotQuantized(f"{type(error).__name__}: {text}") from error


def _quantize(graph: Path, images: Images, target: Path) -> None:
    vino = openvino()
    # Seconds of imports, which a run that fails earlier does not pay.
    nncf = importlib.import_module("nncf")
    nncf.set_log_level(logging.ERROR)
    model = vino.Core().read_model(graph)
    quantized = nncf.quantize(
        model,
        nncf.Dataset(images),
        preset=nncf.QuantizationPreset.MIXED,
        target_device=nncf.TargetDevice.CPU,
        subset_size=len(images),
        # Distances are what small differences make, which eight bits would round away.
        ignored_scope=nncf.IgnoredScope(names=_after_the_features(model), validate=False),
    )
    _rename(quantized)
    vino.save_model(quantized, target, compress_to_fp16=False)


def _after_the_features(graph: Any) -> list[str]:
    """The operations that lead to the log density or the features and not to the logits, but for
    the average over all positions, which may well be of integers.
    """
    logits, *rest = graph.get_results()
    common = _leading_to([logits])
    own = {name: each for name, each in _leading_to(rest).items() if name not in common}
    positions = {
        name
        for name, each in own.items()
        if each.get_type_name() == "ReduceMean" and _first_before(each) in common
    }
    return sorted(own.keys() - positions)


def _first_before(operation: Any) -> str:
    return str(operation.input_value(0).get_node().get_friendly_name())


def _leading_to(results: list[Any]) -> dict[str, Any]:
    """The operations by name."""
    found: dict[str, Any] = {}
    ahead = list(results)
    while ahead:
        operation = ahead.pop()
        name = operation.get_friendly_name()
        if name not in found:
            found[name] = operation
            ahead += [value.get_node() for value in operation.input_values()]
    return found


def _rename(graph: Any) -> None:
    """Operations are named by a counter of the whole process, so the same graph would be written
    as other bytes by a process that has done something else before.
    """
    for number, operation in enumerate(graph.get_ordered_ops()):
        if operation.get_type_name() != "Parameter":
            operation.set_friendly_name(f"{operation.get_type_name()}_{number}")


@contextmanager
def _silence() -> Iterator[None]:
    """NNCF draws progress bars, which are noise in a log."""
    console = rich.get_console()
    before, console.quiet = console.quiet, True
    try:
        yield
    finally:
        console.quiet = before
