"""The process as Kubernetes sees it: exit code, termination message, status and metrics."""

import errno
import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import torch
from dandelion_training.__main__ import main
from dandelion_training.ports import registry
from dandelion_training.ports.failures import Interrupted, Reason, TrainingFailure
from dandelion_training.ports.progress import TRAINING, TrainingMetrics
from dandelion_training.ports.storage import s3
from dandelion_training.ports.termination import Termination
from dandelion_training.run import job as jobs
from dandelion_training.run.pipeline.task import Run
from fakes.images import with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from given.runs import DATASET, ENVIRONMENT, MODELS, RUN
from prometheus_client import start_http_server

STATUS = f"{MODELS}/{RUN}/status.json"


class Pod:
    """One pod of the Job, with fakes beyond its edges."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.mlflow = MemoryStore(), FakeMlflow()
        self.termination_log = tmp_path / "termination-log"
        self.termination_log.touch()
        self._patch = monkeypatch
        self.set({**ENVIRONMENT, "DANDELION_TERMINATION_LOG": str(self.termination_log)})
        monkeypatch.setattr(s3, "connect", lambda *args, **kwargs: self.store)
        monkeypatch.setattr(registry, "connect", lambda uri: self.mlflow)
        monkeypatch.setattr(jobs, "DEFAULT_TERMINATION_LOG", self.termination_log)

    def set(self, environment: dict[str, str]) -> None:
        for name, value in environment.items():
            self._patch.setenv(name, value)

    def ends_with(self, outcome: BaseException | str) -> int:
        def run(task: Run) -> str:
            task.progress.enter(TRAINING, runId="id-1")
            if isinstance(outcome, BaseException):
                raise outcome
            task.registry.run_id = "id-1"
            task.progress.succeeded(outcome)
            return outcome

        self._patch.setattr(jobs, "run", run)
        return jobs.job(Termination())

    @property
    def termination_message(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.termination_log.read_text())
        return found

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.store.objects[STATUS])
        return found


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pod:
    return Pod(tmp_path, monkeypatch)


PERMANENT = [
    Reason.DATASET_EMPTY,
    Reason.TOO_FEW_CLASSES,
    Reason.TOO_FEW_IMAGES,
    Reason.NO_READABLE_IMAGES,
    Reason.BUCKET_NOT_FOUND,
    Reason.CREDENTIALS_REJECTED,
    Reason.WEIGHTS_UNAVAILABLE,
    Reason.ARTIFACT_MISMATCH,
    Reason.TRAINING_DIVERGED,
]
TRANSIENT = [Reason.STORAGE_UNREACHABLE, Reason.REGISTRY_UNREACHABLE]


@pytest.mark.parametrize(
    ("reason", "code"), [(r, 64) for r in PERMANENT] + [(r, 1) for r in TRANSIENT]
)
def test_a_failure_is_told_in_three_places(pod: Pod, reason: Reason, code: int) -> None:
    assert pod.ends_with(TrainingFailure(reason, "because of this")) == code
    assert pod.termination_message == {"reason": reason.value, "message": "because of this"}
    assert (pod.status["state"], pod.status["reason"]) == ("failed", reason.value)
    assert pod.status["message"] == "because of this"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "OutOfMemory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "OutOfMemory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "OutOfMemory"),
        (OSError(errno.ENOSPC, "No space left on device"), "DiskFull"),
        (ZeroDivisionError("division by zero"), "InternalError"),
    ],
)
def test_what_nobody_foresaw_is_tried_again(pod: Pod, error: Exception, reason: str) -> None:
    assert pod.ends_with(error) == 1
    assert pod.termination_message["reason"] == pod.status["reason"] == reason


def test_success_names_the_version(pod: Pod) -> None:
    assert pod.ends_with("7") == 0
    assert pod.termination_message == {"reason": "Succeeded", "version": "7", "runId": "id-1"}
    assert (pod.status["state"], pod.status["version"]) == ("succeeded", "7")


def test_an_eviction_leaves_the_run_open_for_the_next_pod(pod: Pod) -> None:
    assert pod.ends_with(Interrupted()) == 143
    assert pod.termination_message["reason"] == "Interrupted"
    assert pod.status["state"] == "running"


def test_a_long_message_is_cut_to_what_is_shown(pod: Pod) -> None:
    pod.ends_with(TrainingFailure(Reason.INTERNAL_ERROR, "é" * 2000))
    assert len(pod.termination_message["message"].encode()) <= 1024


@pytest.mark.parametrize(
    ("name", "value", "reason", "named"),
    [
        ("ARCHITECTURE", "resnet9000", "ArchitectureUnknown", "resnet18, resnet34"),
        ("EPOCHS", "0", "ConfigurationInvalid", "DANDELION_EPOCHS"),
        ("EPOCHS", "many", "ConfigurationInvalid", "'many'"),
        ("IMAGE_SIZE", "100", "ConfigurationInvalid", "multiple of 32"),
        ("HOLDOUT_FRACTION", "0.9", "ConfigurationInvalid", "DANDELION_HOLDOUT_FRACTION"),
        ("SCHEDULE", "Step", "ConfigurationInvalid", "OneCycle"),
        ("AUGMENTATION", "wild", "ConfigurationInvalid", "'none', 'light' or 'strong'"),
        ("LEARNING_RATE", "-1", "ConfigurationInvalid", "DANDELION_LEARNING_RATE"),
        ("DATASET_URI", "https://x/y", "ConfigurationInvalid", "s3://BUCKET/FOLDER"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    pod: Pod, name: str, value: str, reason: str, named: str
) -> None:
    pod.set({f"DANDELION_{name}": value})
    assert pod.ends_with("1") == 64
    assert pod.termination_message["reason"] == reason
    assert named in pod.termination_message["message"]


def test_a_missing_setting_is_named(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert pod.ends_with("1") == 64
    assert "MLFLOW_TRACKING_URI: Field required" in pod.termination_message["message"]


def test_the_configuration_is_printed_without_secrets(
    pod: Pod, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "AWS_SECRET_ACCESS_KEY").write_text("very-secret")
    pod.set({"DANDELION_S3_CREDENTIALS_DIR": str(tmp_path), "DANDELION_LOG_FORMAT": "json"})
    pod.ends_with("1")
    printed = capsys.readouterr().out
    configuration = json.loads(printed.splitlines()[0])
    assert configuration["event"] == "configuration"
    assert configuration["dataset_uri"] == "s3://datasets/lawn"
    assert configuration["learning_rate"] == "0.001"
    assert "very-secret" not in printed


def test_prometheus_is_told_how_far_the_run_is() -> None:
    collectors = jobs._served_metrics(0)
    metrics = TrainingMetrics(collectors)
    metrics.progress.set(0.42)
    metrics.epoch.set(3)
    metrics.loss.set(0.5)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=collectors)
    try:
        address = f"http://127.0.0.1:{server.server_port}/metrics"
        with urllib.request.urlopen(address, timeout=60) as answer:
            text = answer.read().decode()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert "dandelion_training_progress_ratio 0.42" in text
    assert "dandelion_training_epoch 3.0" in text
    assert "dandelion_training_loss 0.5" in text


def test_sigterm_ends_the_run_wherever_it_is(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(task: Run) -> str:
        task.progress.enter(TRAINING)
        signal.raise_signal(signal.SIGTERM)
        return "not reached"

    monkeypatch.setattr(jobs, "run", run)
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert main() == 143
    finally:
        signal.signal(signal.SIGTERM, before)
    assert pod.termination_message["reason"] == "Interrupted"
    assert pod.status["state"] == "running"


def test_an_ingest_ends_with_the_version_that_it_made(pod: Pod) -> None:
    with_dataset(pod.store, DATASET)
    assert main(["ingest"]) == 0
    told = pod.termination_message
    assert told["reason"] == "Succeeded"
    assert pod.status["datasetDigest"] == told["dataset"]
    assert not any(name.endswith("/contract.json") for name in pod.store.objects)


def test_an_ingest_of_what_is_no_dataset_ends_for_good_with_the_reason(pod: Pod) -> None:
    assert main(["ingest"]) == 64
    assert pod.termination_message["reason"] == "DatasetEmpty"
    assert pod.status["state"] == "failed"


def test_an_ingest_is_told_all_that_it_needs_and_nothing_of_a_model(
    pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_dataset(pod.store, DATASET)
    for name in ("ARTIFACT_URI", "EVALUATIONS_URI", "CHECKPOINT_URI", "REGISTERED_MODEL"):
        monkeypatch.delenv(f"DANDELION_{name}")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert main(["ingest"]) == 0
