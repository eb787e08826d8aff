"""How well a run's settings do on the training side: each fold once not learnt from, and validated.

The figures are for people and decide nothing. `pipeline` calls `folds_of` before it learns from the
whole side; a fold that a former pod is through with is not learnt again.
"""

from collections.abc import Callable
from pathlib import Path

from dandelion_training.data.load import Dataset
from dandelion_training.data.version.library import Library
from dandelion_training.evaluate.validation import ValidationFigures
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.progress import VALIDATING, Progress
from dandelion_training.run.learning import Learner
from dandelion_training.run.model_selection.searched import Searched
from dandelion_training.run.model_selection.validation import Course, parts, validate


def folds_of(
    learner: Learner,
    searched: Searched | None,
    dataset: Dataset,
    library: Library,
    work: Path,
    progress: Progress,
) -> tuple[ValidationFigures, ...]:
    """The figures of each fold, where folds are asked for: those of the winner of a search, which
    are there already. None where the loss of a fold stops being a number.
    """
    folder = learner.settings.folds_uri
    if learner.settings.folds is None or folder is None:
        return ()
    if searched is not None:
        return searched.best.folds
    every = parts(dataset, library.index(dataset.digest), learner.settings.folds)
    progress.enter(VALIDATING)
    found = []
    for number, part in enumerate(every):
        course = Course(_step(progress, number, len(every)), _unheard)
        place = folder.child(str(part.number))
        try:
            found.append(validate(learner, dataset, part, place, work, course).figures)
        except TrainingFailure as failure:
            if failure.reason is not Reason.TRAINING_DIVERGED:
                raise
            progress.warn(f"There is no cross-validation: in fold {number + 1}, {failure.message}")
            return ()
    return tuple(found)


def _step(progress: Progress, before: int, folds: int) -> Callable[[float, int, float], None]:
    def step(share: float, epoch: int, loss: float) -> None:
        progress.learnt((before + share) / folds, epoch, loss)

    return step


def _unheard(_number: int, _figures: ValidationFigures, _seconds: float) -> None:
    """What a fold is like on the way is nobody's concern."""
