"""Every precision there is answers the holdout, on the engine that serves.

`pipeline` calls `assessed`; the choice that follows from the answers is made in `precision`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from dandelion_training.data.served import Served
from dandelion_training.evaluate.precision.choice import Evidence, evidence
from dandelion_training.export.engine import Precision, answers, has_bf16
from dandelion_training.ports.progress import Progress

log = structlog.get_logger()


def assessed(
    graph: Path, int8: Path | None, served: Served, threads: int, progress: Progress
) -> Evidence:
    """How each precision does on the whole holdout; `int8` is None where there is no such graph."""
    graphs = {Precision.FP32: graph}
    if has_bf16():
        graphs[Precision.BF16] = graph
    if int8 is not None:
        graphs[Precision.INT8] = int8
    predicted = {}
    for number, (precision, path) in enumerate(graphs.items(), 1):
        progress.advance(number / (len(graphs) + 1), precision=precision.value)
        logits = answers(path, precision, _holdout(served), threads)
        predicted[precision] = np.asarray(logits.argmax(axis=1), np.int64)
    targets = np.concatenate([truth.cpu().numpy() for _, truth in served.holdout()])
    found = evidence(targets, predicted)
    log.info("precision", **found.described())
    return found


def _holdout(served: Served) -> Iterator[NDArray[np.float32]]:
    for inputs, _ in served.holdout():
        yield inputs.cpu().numpy()
