"""Challenger and champion sit the same evaluation: the holdout of one dataset version.

`pipeline` calls it at the end of a run, and `job` in a Job of its own where only the champion
changed. An evaluation or a comparison that is there is not made again.
"""

import json
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import structlog

from dandelion_training.data.ingest import Threads
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import load_version
from dandelion_training.data.version.library import Library
from dandelion_training.evaluate.answers.holdout import answered
from dandelion_training.evaluate.answers.record import Answers, write_answers
from dandelion_training.evaluate.comparison import Comparison, NotComparable, compare
from dandelion_training.evaluate.comparison.impossible import Impossible
from dandelion_training.evaluate.comparison.near_duplicates import near_duplicates
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.evaluate.result import EvaluationResult, evaluated
from dandelion_training.export import engine
from dandelion_training.export.stored import StoredArtifact, fetch_artifact
from dandelion_training.ports.documents import digest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.progress import COMPARING, Progress
from dandelion_training.ports.settings import ModelSettings, Settings
from dandelion_training.ports.storage import Location, ObjectStore

log = structlog.get_logger()

TRANSFERS = 16
ENGINE = "openvino"

# What keeps two models from being compared says nothing about the one that was just trained.
BEARABLE = frozenset(
    {
        Reason.ARTIFACT_UNAVAILABLE,
        Reason.DATASET_VERSION_UNAVAILABLE,
        Reason.EVALUATION_IMPOSSIBLE,
    }
)


@dataclass(frozen=True)
class ArtifactReference:
    """Where a published model lies, the digest of its contract, and the number of its registered
    version, where that is known.
    """

    folder: Location
    contract: str
    version: str = ""

    @property
    def name(self) -> str:
        """For people."""
        if self.version:
            return f"version {self.version}"
        return self.contract.removeprefix("sha256:")[:12]


@dataclass(frozen=True)
class Evaluator:
    """What an evaluation works with."""

    store: ObjectStore
    versions: Library
    evaluations: Evaluations
    progress: Progress
    threads: int
    work: Path

    def evaluate(
        self, reference: ArtifactReference, dataset: str
    ) -> tuple[EvaluationResult, Answers]:
        """The evaluation of a published model on a dataset version, made where there is none."""
        found = self.evaluations.find(dataset, reference.contract)
        if found is not None:
            return found
        with tempfile.TemporaryDirectory(dir=self.work, prefix="evaluate-") as folder:
            work = Path(folder)
            artifact = fetch_artifact(
                self.store, reference.folder, reference.contract, work / "artifact"
            )
            return self._evaluated(artifact, reference.name, dataset, work)

    def _evaluated(
        self, artifact: StoredArtifact, name: str, dataset: str, work: Path
    ) -> tuple[EvaluationResult, Answers]:
        holdout = load_version(
            self.store,
            self.versions,
            dataset,
            None,
            artifact.geometry,
            work / "pixels",
            Threads(TRANSFERS, self.threads),
            lambda done, total: self.progress.advance(done / total, done=done, total=total),
            splits=(Split.HOLDOUT,),
        )
        excluded = self._learnt(artifact.lineage, dataset)
        predict = engine.predictor(artifact.graph, artifact.precision, self.threads)
        try:
            said = answered(
                predict,
                artifact.classes,
                holdout.version,
                holdout.pixels,
                artifact.geometry,
                artifact.contract,
                excluded,
            )
        except ValueError as error:
            raise TrainingFailure(
                Reason.EVALUATION_IMPOSSIBLE,
                f"The model ({name}) cannot be evaluated on dataset version {dataset}: {error}.",
            ) from error
        answers = write_answers(said.collected.answers)
        result = evaluated(
            said.collected,
            digest(answers),
            artifact.precision.value,
            ENGINE,
            said.robustness,
            said.not_known,
        )
        self.evaluations.keep(result, answers)
        return result, said.collected.answers

    def compare(
        self, challenger: ArtifactReference, champion: ArtifactReference, dataset: str
    ) -> Comparison:
        """The comparison of two published models on a dataset version, stored.

        Raises TrainingFailure where they cannot be compared. That, too, is stored where it follows
        from the three alone.
        """
        found = self.evaluations.comparison(dataset, challenger.contract, champion.contract)
        if isinstance(found, Impossible):
            raise TrainingFailure(Reason.EVALUATION_IMPOSSIBLE, found.message)
        if found is not None:
            return found
        self.progress.enter(COMPARING, champion=champion.name)
        try:
            made = self._compared(challenger, champion, dataset)
        except TrainingFailure as failure:
            if failure.reason is Reason.EVALUATION_IMPOSSIBLE:
                self.evaluations.keep_impossible(
                    Impossible(dataset, challenger.contract, champion.contract, failure.message)
                )
            raise
        self.evaluations.keep_comparison(made)
        log.info(
            "compared",
            images=made.both.images,
            challenger_only=made.both.challenger_only,
            champion_only=made.both.champion_only,
        )
        return made

    def _compared(
        self, challenger: ArtifactReference, champion: ArtifactReference, dataset: str
    ) -> Comparison:
        _, ours = self.evaluate(challenger, dataset)
        _, theirs = self.evaluate(champion, dataset)
        groups = self._near_duplicates(dataset)
        made = compare(*_of_the_same_images(ours, theirs), groups=groups)
        if isinstance(made, NotComparable):
            raise TrainingFailure(
                Reason.EVALUATION_IMPOSSIBLE,
                f"Challenger ({challenger.name}) and champion ({champion.name}) cannot be compared"
                f" on dataset version {dataset}: {made.reason}.",
            )
        return made

    def _near_duplicates(self, dataset: str) -> Mapping[str, int]:
        """Of the holdout; none where what the version was made from is not there any more."""
        version, index = self.versions.version_if_there(dataset), self.versions.index(dataset)
        if version is None or index is None:
            log.warning("near-duplicates count as independent images: no index", dataset=dataset)
            return {}
        return near_duplicates(version, index)

    def _learnt(self, lineage: Collection[str], dataset: str) -> set[str]:
        """What a model or its ancestors learnt from in other versions, by SHA-256."""
        learnt: set[str] = set()
        for version in lineage:
            if version == dataset:
                continue
            found = self.versions.version_if_there(version)
            if found is None:
                log.warning("what the model learnt from is gone", dataset=version)
                continue
            splits = found.splits().items()
            learnt.update(name for name, split in splits if split is Split.TRAIN)
        return learnt


def champion_of(settings: ModelSettings) -> ArtifactReference:
    """The champion that a Job is told of."""
    return ArtifactReference(
        Location.parse(settings.champion_uri), settings.champion_digest, settings.champion_version
    )


def compared(
    evaluator: Evaluator, settings: Settings, content: bytes
) -> tuple[Answers, Answers, Comparison] | None:
    """The answers of this run's model and of the champion, and their comparison.

    A run is not lost over a champion that cannot be evaluated: what is missing here the operator
    asks for again, in a Job of its own.
    """
    version = str(json.loads(content)["dataset"]["digest"])
    challenger = ArtifactReference(settings.artifact_uri, digest(content))
    champion = champion_of(settings)
    try:
        comparison = evaluator.compare(challenger, champion, version)
        _, ours = evaluator.evaluate(challenger, version)
        _, theirs = evaluator.evaluate(champion, version)
    except TrainingFailure as failure:
        if failure.reason not in BEARABLE:
            raise
        log.warning("not compared", reason=failure.reason.value, message=failure.message)
        return None
    return ours, theirs, comparison


def _of_the_same_images(challenger: Answers, champion: Answers) -> tuple[Answers, Answers]:
    """Both without the images of shared classes that only one of them could be asked about,
    because the other or its ancestors had learnt from them.
    """
    shared = set(challenger.classes) & set(champion.classes)
    both = np.intersect1d(challenger.sha256, champion.sha256)
    return _kept(challenger, shared, both), _kept(champion, shared, both)


def _kept(answers: Answers, shared: set[str], both: np.ndarray) -> Answers:
    of_shared = np.array([name in shared for name in answers.classes])[answers.label]
    kept = ~of_shared | np.isin(answers.sha256, both)
    return replace(
        answers,
        sha256=answers.sha256[kept],
        label=answers.label[kept],
        predicted=answers.predicted[kept],
        top=answers.top[kept],
        scores=answers.scores[kept],
    )
