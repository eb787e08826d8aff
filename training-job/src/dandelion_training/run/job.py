"""Puts a run together from its environment, and turns its outcome into what Kubernetes and the
operator read.

`__main__` calls `job` once in a process.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import structlog
import torch
from prometheus_client import CollectorRegistry, start_http_server

from dandelion_training.data.version.library import Library
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.ports import registry as registries
from dandelion_training.ports.failures import Interrupted, Reason, TrainingFailure, is_disk_full
from dandelion_training.ports.progress import Progress, TrainingMetrics
from dandelion_training.ports.registry import Registry
from dandelion_training.ports.registry.identity import identity
from dandelion_training.ports.settings import (
    DatasetSettings,
    EvaluationSettings,
    JobSettings,
    Settings,
    TrialSettings,
    load_evaluation_settings,
    load_ingest_settings,
    load_settings,
    load_trial_settings,
)
from dandelion_training.ports.storage import s3
from dandelion_training.ports.termination import Termination
from dandelion_training.run.disk import disk_full
from dandelion_training.run.evaluation import ArtifactReference, Evaluator, champion_of
from dandelion_training.run.ingestion import Ingest, ingested
from dandelion_training.run.learning import Learner
from dandelion_training.run.memory import out_of_memory
from dandelion_training.run.model_selection.searched import searched
from dandelion_training.run.model_selection.trial import Trial, trial
from dandelion_training.run.pipeline import run
from dandelion_training.run.pipeline.task import Run
from dandelion_training.run.processors import (
    MOST_TRANSFERS,
    Threads,
    device,
    threads,
    transfers,
    usable_processors,
)
from dandelion_training.search.library import Trials

log = structlog.get_logger()

Told = TypeVar("Told", bound=JobSettings)

LONGEST_MESSAGE = 1024  # what the operator promises to show
DEFAULT_TERMINATION_LOG = Path("/dev/termination-log")
CONNECTIONS = MOST_TRANSFERS
STATUS = "status.json"
# Longer than the kubelet takes to bring a changed Secret into a pod.
RENEWAL_SECONDS = 150


def job(termination: Termination) -> int:
    """Run, and answer with the exit code."""
    return _job(load_settings, lambda settings: _run(settings, termination))


def search_trial(termination: Termination) -> int:
    """Do one trial of a search, and answer with the exit code."""
    return _job(load_trial_settings, lambda settings: _try(settings, termination))


def evaluation() -> int:
    """Evaluate two published models, and answer with the exit code."""
    return _job(load_evaluation_settings, _evaluate)


def dataset_ingest() -> int:
    """Read a dataset and make its version, and answer with the exit code."""
    return _job(load_ingest_settings, _ingest)


def _job(load: Callable[[], Told], work: Callable[[Told], int]) -> int:
    try:
        settings = load()
    except TrainingFailure as failure:
        configure_logging("console")
        log.error("failed", reason=failure.reason.value, message=failure.message)
        write_termination_message(DEFAULT_TERMINATION_LOG, failure_message(failure))
        return failure.exit_code
    configure_logging(settings.log_format)
    log.info("configuration", **settings.described())
    try:
        return work(settings)
    except TrainingFailure as failure:
        return _failed(settings, failure)


def _run(settings: Settings, termination: Termination) -> int:
    progress, store = _progress(settings), _connected(settings)
    try:
        settings, found = searched(store, settings)
    except TrainingFailure as failure:
        progress.failed(failure)
        raise
    registry = Registry(
        registries.connect(settings.mlflow_tracking_uri),
        settings.run,
        settings.mlflow_tracking_uri,
        identity(settings.mlflow_token_file, settings.namespace),
    )
    employed, where = _machine(settings)
    task = Run(settings, store, registry, progress, termination, employed, where, searched=found)

    def work() -> dict[str, str]:
        version = run(task)
        return {"version": version, "runId": registry.run_id}

    return _outcome(settings, progress, work, registry.abandon)


def _try(settings: TrialSettings, termination: Termination) -> int:
    store = _connected(settings)
    trials = Trials(store, settings.search_uri, settings.search)
    # Where the run tells how far it is, the search as a whole does.
    own = settings.model_copy(update={"status_uri": trials.place(settings.trial).child(STATUS)})
    progress = _progress(own)
    employed, where = _machine(settings)
    learner = Learner(settings, store, termination, employed, where, progress.clock)
    task = Trial(settings, learner, trials, progress, usable_processors())

    def work() -> dict[str, str]:
        trial(task)
        return {}

    return _outcome(settings, progress, work, lambda: None)


def _machine(settings: Settings) -> tuple[Threads, torch.device]:
    employed = threads(usable_processors(), settings.batch_size, settings.image_size)
    # cuBLAS is only deterministic with a workspace of its own, told before it is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    where = device()
    log.info("machine", **asdict(employed), device=where.type, torch=torch.__version__)
    return employed, where


def _evaluate(settings: EvaluationSettings) -> int:
    progress = _progress(settings)
    store = _connected(settings)

    def work() -> dict[str, str]:
        with tempfile.TemporaryDirectory(dir=settings.work_dir, prefix="evaluation-") as folder:
            evaluator = Evaluator(
                store,
                Library(store, settings.dataset_manifests_uri, Path(folder)),
                Evaluations(store, settings.evaluations_uri),
                progress,
                usable_processors(),
                Path(folder),
            )
            challenger = ArtifactReference(
                settings.artifact_uri, settings.artifact_digest, settings.artifact_version
            )
            evaluator.compare(challenger, champion_of(settings), settings.dataset_version)
        progress.succeeded()
        return {}

    return _outcome(settings, progress, work, lambda: None)


def _ingest(settings: DatasetSettings) -> int:
    progress, processors = _progress(settings), usable_processors()
    employed = Threads(transfers(processors), decoding=processors, learning=1)
    task = Ingest(settings, _connected(settings), progress, employed)

    def work() -> dict[str, str]:
        return {"dataset": ingested(task).digest}

    return _outcome(settings, progress, work, lambda: None)


def _progress(settings: JobSettings) -> Progress:
    metrics = TrainingMetrics(_served_metrics(settings.metrics_port))
    return Progress(
        _connected(settings, patient=False), settings.status_uri, metrics, time.monotonic
    )


def _outcome(
    settings: JobSettings,
    progress: Progress,
    work: Callable[[], dict[str, str]],
    abandon: Callable[[], None],
) -> int:
    """The exit code of the work, with its termination message written."""
    try:
        told = work()
    except Interrupted:
        interrupted = TrainingFailure(
            Reason.INTERRUPTED, "Told to stop; the next pod goes on from the last checkpoint."
        )
        return _failed(settings, interrupted)
    except TrainingFailure as error:
        failure = error
    except Exception as error:
        log.exception("unexpected")
        failure = unexpected(error, progress.stage.name)
    else:
        write_termination_message(settings.termination_log, {"reason": "Succeeded", **told})
        return 0
    abandon()
    progress.failed(failure)
    return _failed(settings, failure)


def unexpected(error: Exception, stage: str) -> TrainingFailure:
    """A failure nobody foresaw: disk or memory that ran out, or a defect."""
    if is_disk_full(error):
        return disk_full(f"The pod's disk is full in the stage {stage!r}")
    if out_of_memory(error):
        return TrainingFailure(
            Reason.OUT_OF_MEMORY,
            f"Memory ran out in the stage {stage!r}. Raise training.resources.limits.memory,"
            " or lower training.batchSize or training.imageSize.",
        )
    return TrainingFailure(
        Reason.INTERNAL_ERROR, f"{type(error).__name__} in the stage {stage!r}: {error}"
    )


def _connected(settings: JobSettings, patient: bool = True) -> s3.S3Store:
    return s3.connect(
        settings.s3_endpoint,
        settings.s3_region,
        settings.s3_credentials_dir,
        settings.s3_ca_bundle,
        attempts=8 if patient else 1,
        pool=CONNECTIONS,
        closed=settings.s3_closed_networks,
        renewal_seconds=RENEWAL_SECONDS if patient else 0,
    )


def _served_metrics(port: int) -> CollectorRegistry:
    collectors = CollectorRegistry()
    if port:
        try:
            start_http_server(port, registry=collectors)
        except OSError as error:
            log.warning("no metrics are served", port=port, error=str(error))
    return collectors


def _failed(settings: JobSettings, failure: TrainingFailure) -> int:
    log.error("failed", reason=failure.reason.value, message=failure.message)
    write_termination_message(settings.termination_log, failure_message(failure))
    return failure.exit_code


def failure_message(failure: TrainingFailure) -> dict[str, str]:
    message = failure.message.encode()[:LONGEST_MESSAGE].decode(errors="ignore")
    return {"reason": failure.reason.value, "message": message}


def write_termination_message(path: Path, message: dict[str, str]) -> None:
    """The pod's termination message. The kubelet makes the file; elsewhere there is nobody to read
    it.
    """
    if not path.exists():
        return
    try:
        path.write_text(json.dumps(message), encoding="utf-8")
    except OSError as error:
        log.warning("no termination message could be written", error=str(error))


def configure_logging(form: str) -> None:
    """Lines for people by default, JSON on request; to standard output, which a pod's log is."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if form == "console":
        colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        renderer = structlog.dev.ConsoleRenderer(colors=colours)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(),
    )
