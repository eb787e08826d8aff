"""What people find in MLflow of a search and of a cross-validation.

Both are about the training side alone; the holdout's figures stand beside them. `pipeline` calls
`report_trials` at the beginning and `report_folds` at the end.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev

import structlog

from dandelion_training.evaluate.validation import ValidationFigures
from dandelion_training.ports.documents import canonical_json
from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.ports.registry import Registry
from dandelion_training.ports.settings.search import Metric
from dandelion_training.publish.report import attach_all
from dandelion_training.search.records import Outcome, TrialResult

log = structlog.get_logger()

FILE = "cross-validation.json"


def report_trials(
    registry: Registry, run: str, metric: Metric, results: Sequence[TrialResult]
) -> None:
    """Each trial as a run below the run's own. An MLflow that does not take them keeps no model
    from being trained: it is told of no more.
    """
    for result in results:
        try:
            registry.keep_child(
                f"{run}/{result.trial}",
                {name: str(value) for name, value in result.parameters.items()},
                _curve(metric, result),
                _tags(result),
                failed=result.outcome is Outcome.FAILED,
            )
        except TrainingFailure as failure:
            log.warning("MLflow did not take the trials", error=failure.message)
            return


def report_folds(
    registry: Registry, epochs: int, folds: Sequence[ValidationFigures], work: Path
) -> None:
    """Mean and standard deviation over the folds, as of the run's last epoch, and each fold."""
    if not folds:
        return
    figures = {"cross_validation_folds": float(len(folds))}
    for name, values in (
        ("accuracy", [fold.accuracy for fold in folds]),
        ("macroF1", [fold.macro_f1 for fold in folds]),
    ):
        figures[f"cross_validation_{name}"] = mean(values)
        if len(values) > 1:
            figures[f"cross_validation_{name}_deviation"] = stdev(values)
    registry.measure(epochs, figures)
    listed = [fold.model_dump(mode="json", by_alias=True) for fold in folds]
    attach_all(registry, work, {FILE: lambda: canonical_json(listed)})


def _curve(metric: Metric, result: TrialResult) -> dict[str, dict[int, float]]:
    """Values by step of each figure."""
    in_order = (value for _, value in sorted(result.values.items()))
    figures = {f"validation_{metric}": dict(enumerate(in_order, 1))}
    last = {"seconds": result.seconds}
    if result.value is not None:
        last["value"] = result.value
    return figures | {name: {0: value} for name, value in last.items()}


def _tags(result: TrialResult) -> Mapping[str, str]:
    return {
        "dandelion.dev/outcome": result.outcome.value,
        "dandelion.dev/dataset-digest": result.dataset,
        **({"mlflow.note.content": result.message} if result.message else {}),
    }
