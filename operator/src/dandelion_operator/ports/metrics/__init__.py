"""What Prometheus can ask the operator, and the few lines that keep it up to date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from dandelion_operator.api import moments
from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.training import RunState
from dandelion_operator.api.status.versions import Drift, LiveAccuracy
from dandelion_operator.ports.metrics import keys, loop
from dandelion_operator.ports.metrics.series import Family, Figure, Series
from dandelion_operator.seen.observed import Observed

RECONCILE_SECONDS = Histogram(
    "dandelion_reconcile_duration_seconds",
    "Time one reconcile of one ModelDeployment took",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RECONCILE_ERRORS = Counter(
    "dandelion_reconcile_errors_total", "Reconciles that ended in an error", ["kind"]
)
CONDITION = Family(
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
CHAMPION_METRIC = Family(
    "dandelion_champion_metric",
    "Holdout metrics of the champion of a ModelDeployment",
    ["namespace", "name", "metric"],
)
DRIFT_SCORE = Family(
    "dandelion_modeldeployment_drift_score",
    "How many times their threshold the answers of a ModelDeployment's pods are from those of its "
    "holdout; above 1 images have drifted",
    ["namespace", "name"],
)
DRIFT_ABOVE = Family(
    "dandelion_modeldeployment_drift_above",
    "Above which such score spec.triggers.driftAbove has a ModelDeployment train again",
    ["namespace", "name"],
)
LIVE_ACCURACY = Family(
    "dandelion_live_accuracy",
    "How often the version that serves was right by the answers of the random share that people "
    "reviewed; figure is estimate, lower or upper",
    ["namespace", "name", "version", "figure"],
)
REVIEWED = Family(
    "dandelion_live_reviewed_answers",
    "Answers of the random share that people gave a label to, of the version that serves",
    ["namespace", "name", "version"],
)
LAST_DECISION = Family(
    "dandelion_last_decision_timestamp_seconds",
    "When people's decisions about answers were imported last; none where they never were",
    ["namespace", "name"],
)
LEADING = Gauge("dandelion_operator_leading", "1 while this operator may write")
QUEUED = Gauge("dandelion_operator_queue_length", "ModelDeployments whose reconcile is due")
RESOURCES = Series(
    (
        CONDITION,
        CHAMPION_METRIC,
        DRIFT_SCORE,
        DRIFT_ABOVE,
        LIVE_ACCURACY,
        REVIEWED,
        LAST_DECISION,
    )
)
LOOP = Series((*loop.FAMILIES, *keys.FAMILIES))
REGISTRY.register(RESOURCES)
REGISTRY.register(LOOP)
# Known from the beginning: of a counter that appears with 1, Prometheus does not see the increase.
for _trigger in (*Trigger, loop.OTHER):
    RUNS_STARTED.labels(_trigger)

STATUSES = ("True", "False", "Unknown")
SUCCEEDED, FAILED = "succeeded", "failed"


def record(key: NamespacedName, before: Status, after: Status) -> None:
    RESOURCES.show(key, _figures(after))
    _record_start(before, after)
    _record_training((key.namespace, key.name), before, after)


def record_loop(resource: Resource, observed: Observed, status: Status) -> None:
    LOOP.show(resource.key, (*loop.figures(resource, observed, status), *keys.figures(observed)))


def _figures(status: Status) -> Iterator[Figure]:
    for condition in status.conditions:
        for value in STATUSES:
            yield CONDITION.of(condition.status == value, condition.type.value, value)
    if status.champion is not None:
        for metric, figure in status.champion.metrics.items():
            yield CHAMPION_METRIC.of(figure, metric)
    yield from _drift(status.drift)
    yield from _live_accuracy(status.live_accuracy)
    last = status.reviews.last_decision_time if status.reviews is not None else None
    if (decided := moments.moment(last)) is not None:
        yield LAST_DECISION.of(decided.timestamp())


def _drift(drift: Drift | None) -> Iterator[Figure]:
    if drift is None:
        return
    for family, value in ((DRIFT_SCORE, drift.score), (DRIFT_ABOVE, drift.above)):
        if value is not None:
            yield family.of(value)


def _live_accuracy(live: LiveAccuracy | None) -> Iterator[Figure]:
    if live is None or live.reviewed is None:
        return
    yield REVIEWED.of(live.reviewed, live.version)
    figures = {"estimate": live.accuracy, "lower": live.lower, "upper": live.upper}
    for figure, value in figures.items():
        if value is not None:
            yield LIVE_ACCURACY.of(value, live.version, figure)


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
    outcome = SUCCEEDED if now.state is RunState.SUCCEEDED else FAILED
    seconds = datetime.fromisoformat(now.finished_at) - datetime.fromisoformat(now.started_at)
    TRAINING_SECONDS.labels(*where, outcome).observe(max(0.0, seconds.total_seconds()))


def forget_all() -> None:
    """Of an operator that leads no longer: it would go on telling what it last saw."""
    RESOURCES.clear()
    LOOP.clear()


def forget(key: NamespacedName) -> None:
    RESOURCES.forget(key)
    LOOP.forget(key)
    for outcome in (SUCCEEDED, FAILED):
        TRAINING_SECONDS.remove(key.namespace, key.name, outcome)
