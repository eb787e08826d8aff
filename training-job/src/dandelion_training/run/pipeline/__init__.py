"""One run from its first step to its last, in an order that may be cut off anywhere and begun
again.

What is there already is not done again: a contract means that the artifact is complete, a
checkpoint means that its steps are learnt, a version with this run's tag means that it is
registered. `job` calls `run`.
"""

import json
import tempfile
from pathlib import Path

import structlog

from dandelion_training.data.version.library import Library
from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.comparison import Comparison
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.learn.checkpoint import Checkpoints
from dandelion_training.ports.documents import digest
from dandelion_training.ports.progress import LISTING
from dandelion_training.ports.settings import Settings
from dandelion_training.publish.contract import FILE
from dandelion_training.publish.register import register
from dandelion_training.publish.report import (
    report_comparison,
)
from dandelion_training.run.evaluation import Evaluator, champion_of, compared
from dandelion_training.run.learning import reproducible
from dandelion_training.run.model_selection.searched import tell_of
from dandelion_training.run.pipeline.stages import made
from dandelion_training.run.pipeline.task import Run

log = structlog.get_logger()


def run(task: Run) -> str:
    """Train and publish; the registered version."""
    settings = task.settings
    reproducible(task.threads.learning)
    task.progress.enter(LISTING)
    run_id = task.registry.begin(settings.experiment, _parameters(settings), _origin(settings))
    task.progress.facts["runId"] = run_id
    if task.searched is not None:
        tell_of(task.searched, task.registry, settings.run, task.progress)
    with tempfile.TemporaryDirectory(dir=settings.work_dir, prefix="run-") as folder:
        work = Path(folder)
        checkpoints = Checkpoints(task.store, settings.checkpoint_uri, work)
        published = task.store.read(settings.artifact_uri.child(FILE))
        dataset = None
        if published is None:
            published, dataset = made(task, checkpoints, work)
        else:
            log.info("the artifact is complete already; only what follows it is left to do")
        found = _compared(task, published, work)
        evaluation = Evaluations(task.store, settings.evaluations_uri).digest(
            json.loads(published)["dataset"]["digest"], digest(published)
        )
        version = register(task.registry, task.progress, settings, published, evaluation)
        if found is not None and dataset is not None:
            names = (f"version {version}", champion_of(settings).name)
            report_comparison(task.registry, dataset, names, *found, work)
        task.registry.finish(succeeded=True)
        checkpoints.remove()
    task.progress.succeeded(version)
    return version


def _compared(task: Run, content: bytes, work: Path) -> tuple[Answers, Answers, Comparison] | None:
    """Have the champion, where there is one, sit the same evaluation."""
    settings = task.settings
    if not settings.champion_uri:
        return None
    evaluator = Evaluator(
        task.store,
        Library(task.store, settings.dataset_manifests_uri, work),
        Evaluations(task.store, settings.evaluations_uri),
        task.progress,
        task.threads.decoding,
        work,
    )
    return compared(evaluator, settings, content)


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
        "augmentation",
        "mirror",
        "balance_classes",
        "seed",
        "holdout_fraction",
        "dataset_uri",
    )
    described = settings.described()
    return {name: described[name] for name in names}


def _origin(settings: Settings) -> dict[str, str]:
    return {
        **settings.origin,
        "dandelion.dev/modeldeployment": f"{settings.namespace}/{settings.name}",
        "dandelion.dev/image": settings.image,
    }
