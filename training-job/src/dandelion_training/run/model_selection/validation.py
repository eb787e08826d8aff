"""Learns from a part of the training side and validates on the rest, a fold after the other.

A trial of a search does it for its parameters, and a run that is asked for a cross-validation for
its own. The holdout is on neither side. `trial` and `cross_validation` call it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from dandelion_training.data.images.fingerprint import Fingerprint
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.served import Served
from dandelion_training.data.split.folds import folds
from dandelion_training.data.version.index import Index, UsableImage
from dandelion_training.data.version.manifest import Entry
from dandelion_training.evaluate.validation import ValidationFigures, validated
from dandelion_training.learn.batches import examples_of
from dandelion_training.learn.checkpoint import Checkpoint, Checkpoints
from dandelion_training.learn.fit import Listeners
from dandelion_training.learn.start import Start, begin
from dandelion_training.ports.documents import canonical_json, digest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location
from dandelion_training.run.learning import Learner, learnt

# Without folds a fifth of the training side is validated on, as in the default of the holdout.
PARTS = 5
ACCURACY, MACRO_F1, IMAGES = "validation_accuracy", "validation_macro_f1", "validation_images"
FILE, JSON = "figures.json", "application/json"


@dataclass(frozen=True)
class Part:
    """What is learnt from and what is validated on, both of the training side."""

    number: int
    learn: tuple[Entry, ...]
    validate: tuple[Entry, ...]


@dataclass(frozen=True)
class Course:
    """Who is told how far a part is: after a step the share of it that is done, epoch and loss;
    after an epoch its number from 1, its figures, and the seconds that it took. It may raise.
    """

    step: Callable[[float, int, float], None]
    epoch: Callable[[int, ValidationFigures, float], None]


class PartResult(BaseModel):
    """The figures after the last epoch. `about` names all that they follow from; `seconds` were
    spent learning.
    """

    model_config = ConfigDict(frozen=True)

    about: str
    figures: ValidationFigures
    seconds: float


def parts(dataset: Dataset, index: Index | None, count: int | None) -> list[Part]:
    """As many parts as are asked for, or one that learns from four fifths.

    Raises TrainingFailure where no class has two images to learn from.
    """
    images = dataset.subset(Split.TRAIN)
    numbers = folds(images, _looks(images, index), count or PARTS).tolist()
    found = [
        Part(
            number,
            tuple(image for image, fold in zip(images, numbers, strict=True) if fold != number),
            tuple(image for image, fold in zip(images, numbers, strict=True) if fold == number),
        )
        for number in range(count or 1)
    ]
    whole = [part for part in found if part.validate]
    if not whole:
        raise TrainingFailure(
            Reason.TOO_FEW_IMAGES,
            "No class has two images to learn from, so that one of them could be validated on."
            " Add images, or leave out training.search and training.crossValidation.",
        )
    return whole


def _looks(images: list[Entry], index: Index | None) -> Mapping[str, Fingerprint]:
    if index is None:
        return {}
    found: dict[str, Fingerprint] = {}
    for image in images:
        finding = index.find(image.key)
        if isinstance(finding, UsableImage) and finding.sha256 == image.sha256:
            found[image.sha256] = finding.fingerprint
    return found


def validate(
    learner: Learner, dataset: Dataset, part: Part, folder: Location, work: Path, course: Course
) -> PartResult:
    """What a part came to, which is kept in `folder` and not made again."""
    settings, about = learner.settings, _about(learner, dataset, part)
    known = _read(learner.store.read(folder.child(FILE)))
    if known is not None and known.about == about:
        return known
    geometry, device = learner.geometry, learner.device
    served = Served(part.validate, dataset.classes, dataset.pixels, geometry, device)
    checkpoints = Checkpoints(learner.store, folder, work)

    def start(network: nn.Module, resumed: Checkpoint | None) -> Start:
        if resumed is not None:
            return resumed.position.start
        wanted, models = settings.initial_weights, settings.artifact_uri
        architecture, classes = settings.architecture, dataset.classes
        return begin(network, learner.store, wanted, architecture, models, classes, work)

    def evaluated(_: int, network: nn.Module) -> dict[str, float]:
        found = validated(network, served.labelled(part.validate), len(dataset.classes))
        return {ACCURACY: found.accuracy, MACRO_F1: found.macro_f1, IMAGES: float(found.images)}

    told: list[tuple[ValidationFigures, float]] = []

    def epoch(number: int, found: Mapping[str, float]) -> None:
        said = ValidationFigures(
            images=int(found[IMAGES]), accuracy=found[ACCURACY], macro_f1=found[MACRO_F1]
        )
        told.append((said, len(part.learn) / found["images_per_second"]))
        course.epoch(number, *told[-1])

    listeners = Listeners(course.step, evaluated, epoch)
    learnt(learner, examples_of(dataset, part.learn), checkpoints, about, start, listeners)
    seconds = sum(seconds for _, seconds in told)
    result = PartResult(about=about, figures=told[-1][0], seconds=seconds)
    content = canonical_json(result.model_dump(mode="json", by_alias=True))
    learner.store.write(folder.child(FILE), content, JSON)
    checkpoints.remove()
    return result


def _about(learner: Learner, dataset: Dataset, part: Part) -> str:
    """What a checkpoint must be of: the same images, learnt with the same settings."""
    settings = learner.settings
    return digest(
        canonical_json(
            {
                "dataset": dataset.digest,
                "part": part.number,
                "augmentation": settings.augmentation,
                "batchSize": settings.batch_size,
                "epochs": settings.epochs,
                "learningRate": settings.learning_rate,
            }
        )
    )


def _read(content: bytes | None) -> PartResult | None:
    try:
        return None if content is None else PartResult.model_validate_json(content)
    except ValidationError:
        return None
