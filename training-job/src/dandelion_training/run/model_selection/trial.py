"""One trial of a search: its parameters, learning with them, and what came of it.

A pod of the search's Job does the trial of its index. Wherever it is killed, the next pod of that
index goes on with the same parameters, from the last checkpoint. `job` calls `trial`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import structlog

from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.version.library import Library
from dandelion_training.evaluate.validation import ValidationFigures
from dandelion_training.learn.checkpoint import Checkpoints
from dandelion_training.learn.lineage import initial_lineage
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.progress import TRAINING, Progress
from dandelion_training.ports.settings import TrialSettings
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.ports.web.connection import Network
from dandelion_training.run.learning import Learner, reproducible
from dandelion_training.run.memory import out_of_memory
from dandelion_training.run.model_selection.searched import report_search
from dandelion_training.run.model_selection.validation import Course, Part, parts, validate
from dandelion_training.run.preparation import prepared
from dandelion_training.run.processors import threads
from dandelion_training.search.library import Trials
from dandelion_training.search.pruning import falls_behind
from dandelion_training.search.records import Basis, Outcome, TrialResult
from dandelion_training.search.sampling import proposal

log = structlog.get_logger()

STEPS_A_FOLD = 1001  # more than epochs that there can be
# What speaks against the parameters and not against the search.
OF_PARAMETERS = frozenset({Reason.TRAINING_DIVERGED})


class Pruned(Exception):  # noqa: N818 - it is the outcome of a trial, not a programming error
    """The trial is given up."""


@dataclass(frozen=True)
class Trial:
    """Everything a trial works with."""

    settings: TrialSettings
    learner: Learner  # its settings and threads are those before the search
    trials: Trials
    progress: Progress
    processors: int
    network: Network = field(default_factory=Network)

    @property
    def store(self) -> ObjectStore:
        return self.learner.store

    @property
    def folder(self) -> Location:
        return self.trials.place(self.settings.trial)


def trial(task: Trial) -> TrialResult:
    """The result of the trial, which is stored; a result that there is already is left as it is."""
    report_search(task.store, task.settings, task.trials)
    known = task.trials.result(task.settings.trial)
    if known is None:
        with TemporaryDirectory(dir=task.settings.work_dir, prefix="trial-") as work:
            known = _tried(task, Path(work))
    report_search(task.store, task.settings, task.trials)
    return known


def _tried(task: Trial, work: Path) -> TrialResult:
    trials, number, settings = task.trials, task.settings.trial, task.settings
    dataset, basis = _dataset(task, work)
    own = {name: getattr(settings, name) for name in settings.search.parameters.domains}
    parameters = trials.begin(
        number,
        lambda: proposal(
            settings.search, own, settings.run, number, trials.results(), trials.tried()
        ),
    )
    log.info("trial", number=number, **parameters)
    update = {**parameters, "initial_weights": basis.initial_weights}
    chosen = settings.model_copy(update=update)
    employed = threads(task.processors, chosen.batch_size, chosen.image_size)
    learner = replace(task.learner, settings=chosen, threads=employed)
    reproducible(employed.learning)
    library = Library(task.store, settings.dataset_manifests_uri, work)
    every = parts(dataset, library.index(dataset.digest), settings.folds)
    attempt = Attempt(task, learner, dataset, every)
    result = trials.finish(attempt.result(work))
    for part in every:
        Checkpoints(task.store, attempt.place(part), work).remove()
    task.progress.succeeded()
    log.info("trial is over", outcome=result.outcome.value, value=result.value)
    return result


def _dataset(task: Trial, work: Path) -> tuple[Dataset, Basis]:
    """What all trials share, settled by the first that comes."""

    def load(weights: str, version: str, name: str, splits: tuple[Split, ...]) -> Dataset:
        folder = work / name
        folder.mkdir()
        settings = task.settings
        wanted = version or settings.dataset_version
        pinned = settings.model_copy(update={"dataset_version": wanted})
        lineage = initial_lineage(task.store, weights)
        return prepared(
            task.store,
            pinned,
            task.progress,
            task.learner.geometry,
            task.learner.threads,
            lineage,
            folder,
            task.network,
            splits,
        )

    def loaded(basis: Basis) -> Dataset:
        return load(basis.initial_weights, basis.dataset, "dataset", (Split.TRAIN,))

    basis = task.trials.basis()
    if basis is not None:
        return loaded(basis), basis
    weights = task.settings.initial_weights
    made = load(weights, "", "made", tuple(Split))
    basis = task.trials.settle(Basis(dataset=made.digest, initial_weights=weights))
    return made if basis.dataset == made.digest else loaded(basis), basis


@dataclass
class Attempt:
    """Learning with the parameters of one trial, and what is known of it on the way."""

    task: Trial
    learner: Learner
    dataset: Dataset
    parts: list[Part]
    values: dict[int, float] = field(default_factory=dict)
    done: list[ValidationFigures] = field(default_factory=list)  # of the folds that are learnt
    seconds: float = 0.0

    def place(self, part: Part) -> Location:
        return self.task.folder.child(f"folds/{part.number}")

    def result(self, work: Path) -> TrialResult:
        """Learns, and says what came of it."""
        self.values = dict(self.task.trials.curve(self.task.settings.trial))
        self.task.progress.enter(TRAINING)
        try:
            for part in self.parts:
                before = self.seconds
                found = validate(
                    self.learner, self.dataset, part, self.place(part), work, self._course(part)
                )
                self.seconds = before + found.seconds
                self.done.append(found.figures)
        except Pruned:
            return self._ended(Outcome.PRUNED)
        except TrainingFailure as failure:
            if failure.reason not in OF_PARAMETERS:
                raise
            return self._ended(Outcome.FAILED, message=failure.message)
        except Exception as error:
            if not out_of_memory(error):
                raise
            log.warning("memory ran out", error=str(error))
            return self._ended(Outcome.FAILED, message=self._starved())
        return self._ended(Outcome.COMPLETE, value=self._mean(self.done))

    def _ended(
        self, outcome: Outcome, value: float | None = None, message: str = ""
    ) -> TrialResult:
        settings = self.learner.settings
        names = self.task.settings.search.parameters.domains
        return TrialResult(
            trial=self.task.settings.trial,
            dataset=self.dataset.digest,
            parameters={name: getattr(settings, name) for name in names},
            outcome=outcome,
            value=value,
            folds=tuple(self.done) if self.task.settings.folds else (),
            values=self.values,
            seconds=self.seconds,
            message=message,
        )

    def _starved(self) -> str:
        chosen = self.learner.settings
        return (
            f"memory ran out with training.batchSize {chosen.batch_size} and training.imageSize"
            f" {chosen.image_size}. Raise training.resources.limits, or lower batchSize."
        )

    def _mean(self, figures: list[ValidationFigures]) -> float:
        metric = self.task.settings.search.metric
        return mean(found.of(metric) for found in figures)

    def _course(self, part: Part) -> Course:
        return Course(step=self._step(part), epoch=self._epoch(part))

    def _step(self, part: Part) -> Callable[[float, int, float], None]:
        before, folds = self.parts.index(part), len(self.parts)

        def step(share: float, epoch: int, loss: float) -> None:
            self.task.progress.learnt((before + share) / folds, epoch, loss)

        return step

    def _epoch(self, part: Part) -> Callable[[int, ValidationFigures, float], None]:
        """Tells how far the trial is after each epoch, and asks whether it is worth going on."""
        last = part is self.parts[-1]

        def epoch(number: int, figures: ValidationFigures, seconds: float) -> None:
            self.seconds += seconds
            step = part.number * STEPS_A_FOLD + number
            self.values[step] = self._mean([*self.done, figures])
            over = last and number == self.learner.settings.epochs
            if self._falls_behind() and not over:
                raise Pruned

        return epoch

    def _falls_behind(self) -> bool:
        """While the store is away, learning goes on without."""
        settings, trials = self.task.settings, self.task.trials
        try:
            trials.tell(settings.trial, self.values)
            rule = settings.search.pruning
            if rule == "None":
                return False
            others = trials.curves(besides=settings.trial)
            return falls_behind(rule, self.values, others, self._most_epochs())
        except TrainingFailure as failure:
            if failure.reason is not Reason.STORAGE_UNREACHABLE:
                raise
            log.warning("the other trials are not asked", error=failure.message)
            return False

    def _most_epochs(self) -> int:
        """Of any trial of the search, in all parts."""
        settings = self.task.settings
        varied = settings.search.parameters.epochs
        longest = max(map(int, varied.values)) if varied is not None else settings.epochs
        return longest * len(self.parts)
