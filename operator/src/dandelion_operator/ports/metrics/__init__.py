"""What Prometheus can ask the operator, and the few lines that keep it up to date."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.api.status import RunState, Status
from dandelion_operator.ports.metrics import loop
from dandelion_operator.ports.metrics.series import Series
from dandelion_operator.seen.observed import Observed

RECONCILE_SECONDS = Histogram(
    "dandelion_reconcile_duration_seconds",
    "Time one reconcile of one ModelDeployment took",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RECONCILE_ERRORS = Counter(
    "dandelion_reconcile_errors_total", "Reconciles that ended in an error", ["kind"]
)
CONDITION = Gauge(
    "dandelion_modeldeployment_condition",
    "1 for the status that a condition of a ModelDeployment has, 0 for the two others",
    ["namespace", "name", "type", "status"],
)
TRAINING_SECONDS = Histogram(
    "dandelion_training_duration_seconds",
    "Time from the start of a training run to its end",
    ["namespace", "name", "outcome"],
    buckets=(30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400),
)
RUNS_STARTED = Counter(
    "dandelion_runs_started_total",
    "Training runs that were started, of all ModelDeployments, by what started them",
    ["trigger"],
)
CHAMPION_METRIC = Gauge(
    "dandelion_champion_metric",
    "Holdout metrics of the champion of a ModelDeployment",
    ["namespace", "name", "metric"],
)
LEADING = Gauge("dandelion_operator_leading", "1 while this operator may write")
QUEUED = Gauge("dandelion_operator_queue_length", "ModelDeployments whose reconcile is due")
LOOP = Series(loop.FAMILIES)
REGISTRY.register(LOOP)
# Known from the beginning: of a counter that appears with 1, Prometheus does not see the increase.
for _trigger in (*Trigger, loop.OTHER):
    RUNS_STARTED.labels(_trigger)

STATUSES = ("True", "False", "Unknown")


def record(key: NamespacedName, before: Status, after: Status) -> None:
    where = (key.namespace, key.name)
    for condition in after.conditions:
        for status in STATUSES:
            CONDITION.labels(*where, condition.type.value, status).set(condition.status == status)
    if after.champion is not None:
        for metric, value in after.champion.metrics.items():
            CHAMPION_METRIC.labels(*where, metric).set(value)
    _record_start(before, after)
    _record_training(where, before, after)


def record_loop(resource: Resource, observed: Observed, status: Status) -> None:
    LOOP.show(resource.key, loop.figures(resource, observed, status))


def _record_start(before: Status, after: Status) -> None:
    now, was = after.training, before.training
    known = was is not None and now is not None and was.run == now.run and was.started_at
    if now is not None and now.started_at and not known:
        RUNS_STARTED.labels(loop.trigger_label(now.trigger)).inc()


def _record_training(where: tuple[str, str], before: Status, after: Status) -> None:
    now, was = after.training, before.training
    if now is None or not now.state.finished or not now.started_at or not now.finished_at:
        return
    if was is not None and was.run == now.run and was.state.finished:
        return
    outcome = "succeeded" if now.state is RunState.SUCCEEDED else "failed"
    seconds = datetime.fromisoformat(now.finished_at) - datetime.fromisoformat(now.started_at)
    TRAINING_SECONDS.labels(*where, outcome).observe(max(0.0, seconds.total_seconds()))


def forget_all() -> None:
    """Of an operator that leads no longer: it would go on telling what it last saw."""
    CONDITION.clear()
    CHAMPION_METRIC.clear()
    LOOP.clear()


def forget(key: NamespacedName) -> None:
    LOOP.forget(key)
    labels = {"namespace": key.namespace, "name": key.name}
    for family in (CONDITION, CHAMPION_METRIC, TRAINING_SECONDS):
        family.remove_by_labels(labels)
