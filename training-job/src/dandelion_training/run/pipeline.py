"""One run from its first step to its last, in an order that may be cut off anywhere and begun
again.

What is there already is not done again: a contract means that the artifact is complete, a
checkpoint means that its epochs are learnt, a version with this run's tag means that it is
registered. `job` calls `run`.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
import torch
from torch import nn

from dandelion_training.data.clean import OnSmallClass
from dandelion_training.data.copies import Copies
from dandelion_training.data.dataset import Wanted
from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.ingest import Threads
from dandelion_training.data.load import Dataset, load, load_version
from dandelion_training.data.served import Served
from dandelion_training.data.version.library import Library
from dandelion_training.evaluate.accuracy import accuracy
from dandelion_training.evaluate.answering import answered
from dandelion_training.evaluate.answers import write_answers
from dandelion_training.evaluate.assessment import assessed
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.evaluate.reference import channel_statistics
from dandelion_training.evaluate.result import evaluated
from dandelion_training.export.artifact import exported, quantized
from dandelion_training.export.engine import Precision, predictor
from dandelion_training.learn import network as networks
from dandelion_training.learn.batches import Batches
from dandelion_training.learn.checkpoint import Checkpoints
from dandelion_training.learn.fit import Listeners, Plan, fit
from dandelion_training.learn.lineage import initial_lineage
from dandelion_training.ports.documents import digest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.progress import (
    DOWNLOADING,
    EVALUATING,
    EXPORTING,
    LISTING,
    QUANTIZING,
    TRAINING,
    UPLOADING,
    Progress,
)
from dandelion_training.ports.registry import Registry
from dandelion_training.ports.settings import Settings
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.publish.contract import FILE, TrainingEnvironment, contract
from dandelion_training.publish.register import register
from dandelion_training.publish.report import (
    dataset_facts,
    report,
    report_comparison,
    report_precision,
)
from dandelion_training.publish.upload import publish
from dandelion_training.run.evaluation import ENGINE, ArtifactReference, Evaluator
from dandelion_training.run.processors import bf16_pays

log = structlog.get_logger()

TRANSFERS = 16  # they wait for the network and keep no processor busy


@dataclass(frozen=True)
class Run:
    """Everything a run works with."""

    settings: Settings
    store: ObjectStore
    registry: Registry
    progress: Progress
    threads: int
    device: torch.device

    @property
    def bf16(self) -> bool:
        return bf16_pays(self.device)


def run(task: Run) -> str:
    """Train and publish; the registered version."""
    settings = task.settings
    torch.set_num_threads(task.threads)
    torch.use_deterministic_algorithms(True)
    task.progress.enter(LISTING)
    run_id = task.registry.begin(settings.experiment, _parameters(settings), _origin(settings))
    task.progress.facts["runId"] = run_id
    with tempfile.TemporaryDirectory(dir=settings.work_dir, prefix="run-") as folder:
        work = Path(folder)
        checkpoints = Checkpoints(task.store, settings.checkpoint_uri, work)
        published = task.store.read(settings.artifact_uri.child(FILE))
        dataset = None
        if published is None:
            published, dataset = _make(task, checkpoints, work)
        else:
            log.info("the artifact is complete already; only what follows it is left to do")
        _compare(task, published, dataset, work)
        version = register(task.registry, task.progress, settings, published)
        checkpoints.remove()
    task.progress.succeeded(version)
    return version


def _make(task: Run, checkpoints: Checkpoints, work: Path) -> tuple[bytes, Dataset]:
    """From the dataset to the complete artifact and its evaluation; the contract."""
    settings = task.settings
    geometry = Geometry(settings.resize_short_side, settings.image_size)
    lineage = initial_lineage(task.store, settings.initial_weights)
    dataset = _dataset(task, geometry, lineage, work)
    network = _network(task, dataset, work)
    plan = Plan(
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        schedule=settings.schedule,
        bf16=task.bf16,
        dataset_digest=dataset.digest,
    )
    served = Served(dataset.entries, dataset.classes, dataset.pixels, geometry, task.device)
    with Batches(
        dataset, geometry, settings.batch_size, settings.seed, task.threads, task.device
    ) as batches:
        task.progress.enter(TRAINING)
        fit(network, batches, plan, checkpoints, task.device, _listeners(task, served))
    channels = channel_statistics(served)
    task.progress.enter(EXPORTING)
    graph, weights = exported(network, dataset.classes, settings.image_size, served, work)
    task.progress.enter(QUANTIZING)
    int8 = quantized(graph, served, settings.seed)
    evidence = assessed(graph, int8.graph, served, task.threads, task.progress)
    report_precision(task.registry, settings.epochs, int8, evidence)
    task.progress.enter(EVALUATING)
    chosen = int8.graph if evidence.choice is Precision.INT8 and int8.graph else graph
    said = answered(
        predictor(chosen, evidence.choice, task.threads),
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
        precision="bf16" if task.bf16 else "fp32", threads=task.threads, device=task.device.type
    )
    content = contract(settings, dataset, result, channels, environment, evidence, files, lineage)
    task.progress.enter(UPLOADING)
    publish(task.store, settings.artifact_uri, files, content, task.progress)
    # Only now is the contract's digest known, by which the evaluation is called.
    answers = replace(said.collected.answers, contract=digest(content))
    stored = write_answers(answers)
    result = replace(result, contract=answers.contract, answers=digest(stored))
    Evaluations(task.store, settings.evaluations_uri).keep(result, stored)
    report(
        task.registry, settings.epochs, dataset, result, answers, settings.registered_model, work
    )
    return content, dataset


def _compare(task: Run, content: bytes, dataset: Dataset | None, work: Path) -> None:
    """Have the champion sit the same evaluation. A run is not lost over it: what is missing here
    the operator asks for again, in a Job of its own.
    """
    settings = task.settings
    if not settings.champion_uri:
        return
    evaluator = Evaluator(
        task.store,
        Library(task.store, settings.dataset_manifests_uri, work),
        Evaluations(task.store, settings.evaluations_uri),
        task.progress,
        task.threads,
        work,
    )
    version = str(json.loads(content)["dataset"]["digest"])
    challenger = ArtifactReference(settings.artifact_uri, digest(content))
    champion = ArtifactReference(Location.parse(settings.champion_uri), settings.champion_digest)
    try:
        comparison = evaluator.compare(challenger, champion, version)
        _, ours = evaluator.evaluate(challenger, version)
        _, theirs = evaluator.evaluate(champion, version)
    except TrainingFailure as failure:
        if failure.reason not in (Reason.ARTIFACT_UNAVAILABLE, Reason.EVALUATION_IMPOSSIBLE):
            raise
        log.warning("not compared", reason=failure.reason.value, message=failure.message)
        return
    if dataset is not None:
        report_comparison(task.registry, dataset, ours, theirs, comparison, work)


def _dataset(task: Run, geometry: Geometry, lineage: Sequence[str], work: Path) -> Dataset:
    """The version that is pinned, or the newest, with its pixels."""
    settings = task.settings
    task.progress.enter(DOWNLOADING, dataset=str(settings.dataset_uri))
    library = Library(task.store, settings.dataset_manifests_uri, work)
    kept = settings.keep == "Copies"
    copies = Copies(task.store, settings.dataset_manifests_uri.child("images")) if kept else None
    pixels, threads = work / "pixels", Threads(TRANSFERS, task.threads)

    def advance(done: int, total: int) -> None:
        task.progress.advance(done / total, done=done, total=total)

    if settings.dataset_version:
        dataset = load_version(
            task.store,
            library,
            settings.dataset_version,
            copies,
            geometry,
            pixels,
            threads,
            advance,
        )
    else:
        wanted = Wanted(
            settings.dataset_uri,
            settings.holdout_fraction,
            OnSmallClass(settings.on_small_class),
            settings.former_dataset,
            tuple(lineage),
        )
        dataset = load(task.store, library, wanted, copies, geometry, pixels, threads, advance)
    task.progress.facts |= dataset_facts(dataset)
    log.info("dataset", **dataset_facts(dataset))
    for rejected in (dataset.report.rejected_files if dataset.report else ())[:10]:
        log.warning("left out", key=rejected.key, reason=rejected.reason)
    return dataset


def _network(task: Run, dataset: Dataset, work: Path) -> nn.Module:
    settings = task.settings
    network = networks.build(settings.architecture, len(dataset.classes), settings.seed)
    start = networks.initial_weights_location(
        settings.initial_weights, settings.architecture, settings.artifact_uri
    )
    if start is not None:
        head = networks.load_initial_weights(network, task.store, start, dataset.classes, work)
        log.info("initial weights", location=str(start), head_kept=head)
    return network


def _listeners(task: Run, served: Served) -> Listeners:
    def epoch(number: int, loss: float, network: nn.Module) -> None:
        figures = {"loss": loss}
        # The last epoch is followed by the evaluation proper. Accuracy on the way is to be looked
        # at, never to choose among epochs.
        if number < task.settings.epochs:
            figures["holdout_accuracy"] = accuracy(network, served.holdout())
        log.info("epoch", epoch=number, **{k: round(v, 4) for k, v in figures.items()})
        task.registry.measure(number, figures)

    return Listeners(step=task.progress.learnt, epoch=epoch)


def _parameters(settings: Settings) -> dict[str, str]:
    """What MLflow shows as the run's parameters."""
    names = (
        "architecture",
        "initial_weights",
        "epochs",
        "batch_size",
        "image_size",
        "learning_rate",
        "schedule",
        "seed",
        "holdout_fraction",
        "dataset_uri",
    )
    described = settings.described()
    return {name: described[name] for name in names}


def _origin(settings: Settings) -> dict[str, str]:
    return {
        "dandelion.dev/training-hash": settings.training_hash,
        "dandelion.dev/modeldeployment": f"{settings.namespace}/{settings.name}",
        "dandelion.dev/image": settings.image,
    }
