"""From the dataset to the complete artifact, its evaluation and its reports.

`run` calls `made` unless there is a contract.
"""

from dataclasses import replace
from pathlib import Path

import structlog
import torch
from torch import nn

from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.load import Dataset
from dandelion_training.data.served import Served
from dandelion_training.data.version.library import Library
from dandelion_training.evaluate.accuracy import accuracy
from dandelion_training.evaluate.answers.holdout import answered
from dandelion_training.evaluate.answers.record import write_answers
from dandelion_training.evaluate.figures.drift import drift_thresholds
from dandelion_training.evaluate.figures.reference import (
    channel_statistics,
    reference_answers,
    served_answers,
)
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.evaluate.precision.assessment import assessed
from dandelion_training.evaluate.result import evaluated
from dandelion_training.export.artifact import exported, quantized
from dandelion_training.export.engine import Precision, predictor
from dandelion_training.learn.batches import examples
from dandelion_training.learn.checkpoint import Checkpoint, Checkpoints
from dandelion_training.learn.fit import Listeners
from dandelion_training.learn.lineage import initial_lineage
from dandelion_training.learn.start import Start, begin, warning
from dandelion_training.ports.documents import digest
from dandelion_training.ports.progress import (
    AFTER_VALIDATING,
    EVALUATING,
    EXPORTING,
    QUANTIZING,
    TRAINING,
    UPLOADING,
)
from dandelion_training.publish.contract import TrainingEnvironment, contract
from dandelion_training.publish.dataset_page import FILE as PAGE
from dandelion_training.publish.dataset_page import dataset_report
from dandelion_training.publish.report import (
    attach_all,
    report,
    report_precision,
)
from dandelion_training.publish.upload import publish
from dandelion_training.publish.validation import report_folds
from dandelion_training.run.evaluation import ENGINE
from dandelion_training.run.learning import learnt
from dandelion_training.run.model_selection.cross_validation import folds_of
from dandelion_training.run.pipeline.task import Run
from dandelion_training.run.preparation import prepared

log = structlog.get_logger()


def made(task: Run, checkpoints: Checkpoints, work: Path) -> tuple[bytes, Dataset]:
    """From the dataset to the complete artifact and its evaluation; the contract."""
    settings, geometry = task.settings, task.learner.geometry
    lineage = initial_lineage(task.store, settings.initial_weights)
    dataset = prepared(
        task.store, settings, task.progress, geometry, task.threads, lineage, work, task.network
    )
    task.registry.log_dataset(
        f"{settings.namespace}/{settings.name}",
        dataset.digest,
        dataset.version.storage_uri,
        {"images": len(dataset.entries), "classes": len(dataset.classes)},
        "training",
    )
    library = Library(task.store, settings.dataset_manifests_uri, work)
    folds = folds_of(task.learner, task.searched, dataset, library, work, task.progress)
    served = Served(dataset.entries, dataset.classes, dataset.pixels, geometry, task.device)

    def started(network: nn.Module, resumed: Checkpoint | None) -> Start:
        start = _start(task, network, dataset, resumed, work)
        task.progress.enter(AFTER_VALIDATING if folds and not task.searched else TRAINING)
        return start

    listeners, learnt_from = _listeners(task, served), examples(dataset)
    network, start = learnt(
        task.learner, learnt_from, checkpoints, dataset.digest, started, listeners
    )
    channels = channel_statistics(served)
    task.progress.enter(EXPORTING)
    graph, weights = exported(
        network, dataset.classes, settings.image_size, served, settings.seed, work
    )
    task.progress.enter(QUANTIZING)
    int8 = quantized(graph, served, settings.seed)
    evidence = assessed(graph, int8.graph, served, task.threads.learning, task.progress)
    report_precision(task.registry, settings.epochs, int8, evidence)
    task.progress.enter(EVALUATING)
    chosen = int8.graph if evidence.choice is Precision.INT8 and int8.graph else graph
    said = answered(
        predictor(chosen, evidence.choice, task.threads.learning),
        dataset.classes,
        dataset.version,
        dataset.pixels,
        geometry,
        contract="",
    )
    result = evaluated(
        said.collected, "", evidence.choice.value, ENGINE, said.robustness, said.not_known
    )
    files = (graph, weights, *int8.files)
    environment = TrainingEnvironment(
        precision="bf16" if task.learner.bf16 else "fp32",
        threads=task.threads.learning,
        device=task.device.type,
        initial_weights=start.source,
        search=task.searched.winner if task.searched is not None else None,
    )
    served_as = served_answers(
        said.collected.logits,
        dataset.classes,
        result.calibration.temperature,
        said.collected.log_density,
        said.collected.features,
    )
    content = contract(
        settings,
        dataset,
        result,
        channels,
        reference_answers(served_as),
        drift_thresholds(served_as),
        environment,
        evidence,
        files,
        lineage,
    )
    # The contract goes last: where there is one, its evaluation and the reports are there.
    answers = replace(said.collected.answers, contract=digest(content))
    stored = write_answers(answers)
    result = replace(result, contract=answers.contract, answers=digest(stored))
    Evaluations(task.store, settings.evaluations_uri).keep(result, stored)
    report(
        task.registry, settings.epochs, dataset, result, answers, settings.registered_model, work
    )
    report_folds(task.registry, settings.epochs, folds, work)
    attach_all(
        task.registry, work, {PAGE: lambda: _dataset_page(task, dataset, network, geometry, work)}
    )
    task.progress.enter(UPLOADING)
    publish(task.store, settings.artifact_uri, files, content, task.progress)
    return content, dataset


def _dataset_page(
    task: Run, dataset: Dataset, network: nn.Module, geometry: Geometry, work: Path
) -> bytes:
    """The report of the dataset version, with what the network makes of its labels."""
    settings = task.settings
    index = Library(task.store, settings.dataset_manifests_uri, work).index(dataset.digest)
    name, device = f"{settings.namespace}/{settings.name}", torch.device("cpu")
    return dataset_report(name, dataset, index, network, geometry, device, work).read_bytes()


def _start(
    task: Run, network: nn.Module, dataset: Dataset, resumed: Checkpoint | None, work: Path
) -> Start:
    """What the run starts from, or did when it was begun, told wherever people look."""
    settings, models = task.settings, task.settings.artifact_uri
    wanted, architecture = settings.initial_weights, settings.architecture
    if resumed is not None:
        start = resumed.position.start
    else:
        start = begin(network, task.store, wanted, architecture, models, dataset.classes, work)
    log.info("initial weights", source=start.source, head_kept=start.head_kept)
    # Not a parameter: those can be written once, and what is there may have come between two pods.
    task.registry.tag({"dandelion.dev/initial-weights": start.source})
    task.progress.facts["initialWeights"] = start.source
    if (said := warning(start, wanted, architecture, models)) is not None:
        task.progress.warn(said)
    return start


def _listeners(task: Run, served: Served) -> Listeners:
    def evaluated(number: int, network: nn.Module) -> dict[str, float]:
        # The last epoch is followed by the evaluation proper. Accuracy on the way is to be looked
        # at, never to choose among epochs.
        if number == task.settings.epochs:
            return {}
        return {"holdout_accuracy": accuracy(network, served.holdout())}

    return Listeners(task.progress.learnt, evaluated, epoch=task.registry.measure)
