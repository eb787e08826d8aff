"""One run from its first step to its last, in an order that may be cut off anywhere and begun
again.

What is there already is not done again: a contract means that the artifact is complete, a
checkpoint means that its epochs are learnt, a version with this run's tag means that it is
registered. `__main__` calls `run`.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import torch
from torch import nn

from dandelion_training import network as networks
from dandelion_training.artifact import Quantized, exported, quantized
from dandelion_training.assessment import assessed
from dandelion_training.batches import Batches
from dandelion_training.checkpoint import Checkpoints
from dandelion_training.contract import FILE, Circumstances, Colours, contract
from dandelion_training.dataset import Dataset, load
from dandelion_training.documents import canonical_json, digest
from dandelion_training.evaluation import Examination, examined
from dandelion_training.fit import Listeners, Plan, fit
from dandelion_training.images import Geometry
from dandelion_training.picture import confusion_picture
from dandelion_training.precision import Evidence
from dandelion_training.processors import bf16_pays
from dandelion_training.progress import (
    DOWNLOADING,
    EVALUATING,
    EXPORTING,
    LISTING,
    QUANTIZING,
    REGISTERING,
    TRAINING,
    UPLOADING,
    Progress,
)
from dandelion_training.registry import Registry
from dandelion_training.served import Served
from dandelion_training.settings import Settings
from dandelion_training.split import Side
from dandelion_training.storage import ObjectStore
from dandelion_training.upload import JSON, publish

log = structlog.get_logger()


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
        if published is None:
            published = _make(task, checkpoints, work)
        else:
            log.info("the artifact is complete already; only what follows it is left to do")
        version = _register(task.registry, task.progress, settings, published)
        checkpoints.remove()
    task.progress.succeeded(version)
    return version


def _make(task: Run, checkpoints: Checkpoints, work: Path) -> bytes:
    """From the dataset to the complete artifact; the contract."""
    settings = task.settings
    geometry = Geometry(settings.resize_short_side, settings.image_size)
    dataset = _dataset(task, geometry, work)
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
    task.progress.enter(EVALUATING)
    examination = examined(network, served.holdout())
    colours = _colours(served)
    _report(task.registry, settings.epochs, dataset, examination, work)
    task.progress.enter(EXPORTING)
    graph, weights = exported(network, dataset.classes, settings.image_size, served, work)
    task.progress.enter(QUANTIZING)
    int8 = quantized(graph, served, settings.seed)
    evidence = assessed(graph, int8.graph, served, task.threads, task.progress)
    _report_precision(task.registry, settings.epochs, int8, evidence)
    files = (graph, weights, *int8.files)
    circumstances = Circumstances(
        precision="bf16" if task.bf16 else "fp32", threads=task.threads, device=task.device.type
    )
    content = contract(settings, dataset, examination, colours, circumstances, evidence, files)
    task.progress.enter(UPLOADING)
    publish(task.store, settings.artifact_uri, files, content, task.progress)
    return content


def _dataset(task: Run, geometry: Geometry, work: Path) -> Dataset:
    settings = task.settings
    task.progress.enter(DOWNLOADING, dataset=str(settings.dataset_uri))
    dataset = load(
        task.store,
        settings.dataset_uri,
        settings.holdout_fraction,
        geometry,
        work / "pixels",
        threads=max(4, task.threads),
        advance=lambda done, total: task.progress.advance(done / total, done=done, total=total),
    )
    task.store.write(
        settings.dataset_manifests_uri.child(f"{dataset.digest.removeprefix('sha256:')}.json"),
        dataset.manifest,
        JSON,
    )
    task.progress.facts |= {
        "datasetDigest": dataset.digest,
        "images": len(dataset.entries),
        "classes": list(dataset.classes),
    }
    log.info(
        "dataset",
        images=len(dataset.entries),
        classes=len(dataset.classes),
        train=len(dataset.side(Side.TRAIN)),
        holdout=len(dataset.side(Side.HOLDOUT)),
        rejected=len(dataset.rejected),
        digest=dataset.digest,
    )
    for rejected in dataset.rejected[:10]:
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
        # The last epoch is followed by the examination proper. Accuracy on the way is to be looked
        # at, never to choose among epochs.
        if number < task.settings.epochs:
            figures["holdout_accuracy"] = examined(network, served.holdout()).accuracy
        log.info("epoch", epoch=number, **{k: round(v, 4) for k, v in figures.items()})
        task.registry.measure(number, figures)

    return Listeners(step=task.progress.learnt, epoch=epoch)


def _colours(served: Served) -> Colours:
    """Channel mean and deviation over all images."""
    count, total, squares = (
        0,
        torch.zeros(3, dtype=torch.float64),
        torch.zeros(3, dtype=torch.float64),
    )
    for images in served.unchanged():
        values = images.to(torch.float64)
        count += values.numel() // 3
        total += values.sum(dim=(0, 2, 3))
        squares += (values * values).sum(dim=(0, 2, 3))
    mean = total / count
    deviation = (squares / count - mean * mean).clamp(min=0).sqrt()
    return Colours([round(v, 6) for v in mean.tolist()], [round(v, 6) for v in deviation.tolist()])


def _report(
    registry: Registry, epochs: int, dataset: Dataset, examination: Examination, work: Path
) -> None:
    """What people want to see of a run, in MLflow, as of its last epoch."""
    by_class = dict(zip(dataset.classes, examination.by_class(), strict=True))
    rejected = [{"key": item.key, "reason": item.reason} for item in dataset.rejected]
    (work / "rejected.json").write_bytes(canonical_json(rejected))
    report = {name: vars(figures) for name, figures in by_class.items()}
    (work / "per-class.json").write_bytes(canonical_json(report))
    picture = work / "confusion-matrix.png"
    confusion_picture(examination.confusion, dataset.classes).save(picture)
    figures = {
        "holdout_accuracy": examination.accuracy,
        "accuracy": examination.accuracy,
        "macroF1": examination.macro_f1,
        "rejected": float(len(rejected)),
        "images": float(len(dataset.entries)),
    }
    registry.measure(epochs, figures)
    registry.attach(picture, work / "rejected.json", work / "per-class.json")
    log.info("evaluated", accuracy=examination.accuracy, macro_f1=examination.macro_f1)


def _report_precision(registry: Registry, epochs: int, int8: Quantized, evidence: Evidence) -> None:
    """The evidence for the precision, in MLflow."""
    figures = {
        "quantization_seconds": int8.seconds,
        "calibration_images": float(int8.calibrated_on),
    }
    registry.measure(epochs, figures | evidence.figures())
    outcome = f"failed: {int8.failure}" if int8.failure else "done"
    registry.tag({"dandelion.dev/quantization": outcome})


def _register(registry: Registry, progress: Progress, settings: Settings, content: bytes) -> str:
    """Register the version that a contract describes."""
    described: dict[str, Any] = json.loads(content)
    dataset = described["dataset"]
    progress.enter(
        REGISTERING,
        datasetDigest=dataset["digest"],
        images=dataset["images"],
        classes=described["classes"],
    )
    tags = {
        "dandelion.dev/wish": settings.wish,
        "dandelion.dev/dataset-digest": dataset["digest"],
        "dandelion.dev/contract-digest": digest(content),
        "dandelion.dev/image": described["training"]["image"],
        "dandelion.dev/git-revision": described["training"]["gitRevision"],
        "dandelion.dev/precision": described["precision"]["choice"],
    }
    version = registry.register(settings.registered_model, str(settings.artifact_uri), tags)
    registry.tag({"dandelion.dev/version": version, **tags})
    registry.finish(succeeded=True)
    log.info("registered", model=settings.registered_model, version=version, **described["metrics"])
    return version


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
        "dandelion.dev/wish": settings.wish,
        "dandelion.dev/modeldeployment": f"{settings.namespace}/{settings.name}",
        "dandelion.dev/image": settings.image,
    }
