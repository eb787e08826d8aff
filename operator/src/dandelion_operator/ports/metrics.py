"""What Prometheus can ask the operator, and the few lines that keep it up to date."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import Counter, Gauge, Histogram

from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.status import LiveAccuracy, RunState, Status

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
CHAMPION_METRIC = Gauge(
    "dandelion_champion_metric",
    "Holdout metrics of the champion of a ModelDeployment",
    ["namespace", "name", "metric"],
)
LIVE_ACCURACY = Gauge(
    "dandelion_live_accuracy",
    "How often the version that serves was right by the answers of the random share that people "
    "reviewed; figure is estimate, lower or upper",
    ["namespace", "name", "version", "figure"],
)
REVIEWED = Gauge(
    "dandelion_live_reviewed_answers",
    "Answers of the random share that people gave a label to, of the version that serves",
    ["namespace", "name", "version"],
)
LEADING = Gauge("dandelion_operator_leading", "1 while this operator may write")
QUEUED = Gauge("dandelion_operator_queue_length", "ModelDeployments whose reconcile is due")

STATUSES = ("True", "False", "Unknown")
WHERE = ("namespace", "name")
LIVE = (LIVE_ACCURACY, REVIEWED)


def record(key: NamespacedName, before: Status, after: Status) -> None:
    where = (key.namespace, key.name)
    for condition in after.conditions:
        for status in STATUSES:
            CONDITION.labels(*where, condition.type.value, status).set(condition.status == status)
    if after.champion is not None:
        for metric, value in after.champion.metrics.items():
            CHAMPION_METRIC.labels(*where, metric).set(value)
    _record_live_accuracy(where, before.live_accuracy, after.live_accuracy)
    _record_training(where, before, after)


def _record_live_accuracy(
    where: tuple[str, str], before: LiveAccuracy | None, after: LiveAccuracy | None
) -> None:
    """Of one version at a time."""
    known = after if after is not None and after.reviewed is not None else None
    if before is not None and (known is None or known.version != before.version):
        for family in LIVE:
            family.remove_by_labels(dict(zip(WHERE, where, strict=True)))
    if known is None or known.reviewed is None:
        return
    of_version = (*where, known.version)
    REVIEWED.labels(*of_version).set(known.reviewed)
    figures = {"estimate": known.accuracy, "lower": known.lower, "upper": known.upper}
    for figure, value in figures.items():
        if value is not None:
            LIVE_ACCURACY.labels(*of_version, figure).set(value)


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
    for family in (CONDITION, CHAMPION_METRIC, *LIVE):
        family.clear()


def forget(key: NamespacedName) -> None:
    labels = {"namespace": key.namespace, "name": key.name}
    for family in (CONDITION, CHAMPION_METRIC, TRAINING_SECONDS, *LIVE):
        family.remove_by_labels(labels)
