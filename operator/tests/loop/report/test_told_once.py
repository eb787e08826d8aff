"""What was told stays told: a look that sees less takes nothing back and tells nothing twice."""

from __future__ import annotations

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.history import TRAINED
from dandelion_operator.api.status.training import RunState
from given import decided, job, registry, resource, seen, status, training, version
from given.report.told import told

AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "MLflow answers HTTP 500")
RUNNING = job("run1", RunState.RUNNING)


def test_a_run_succeeds_once_however_often_mlflow_is_away_before_its_job_ends() -> None:
    registered = registry(version(1, run="run1", verdict=""), champion=None)
    first = told(seen(jobs=(RUNNING,), registry=registered, previous=status(training=training())))
    assert first.training is not None
    assert first.training.state is RunState.SUCCEEDED
    away = told(seen(jobs=(RUNNING,), registry=AWAY, previous=first))
    assert away.training is not None
    assert away.training.state is RunState.SUCCEEDED
    again = told(seen(jobs=(RUNNING,), registry=registered, previous=away))
    assert [entry.decision for entry in again.history].count(TRAINED) <= 1


def test_a_job_that_tidies_up_is_left_alone_while_mlflow_is_away() -> None:
    before = status(training=training("run1", "Succeeded"))
    observed = seen(jobs=(RUNNING,), registry=AWAY, previous=before)
    assert decided(resource(), observed).train.actions == ()
