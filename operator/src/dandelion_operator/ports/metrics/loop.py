"""How the loop of a ModelDeployment stands, in figures that follow from its status. Pure.

Nothing is counted up, so an operator that has just started says the same as the one before it.
Moments are given as such, in seconds since 1970: whoever asks subtracts them from `time()`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from dandelion_operator.api import moments
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.dataset import DatasetInfo
from dandelion_operator.api.status.history import (
    FOLLOWED,
    REJECTED,
    UNDECIDED,
    HistoryEntry,
)
from dandelion_operator.api.status.training import Training
from dandelion_operator.api.status.triggers import Triggers
from dandelion_operator.ports.metrics.series import Family, Figure
from dandelion_operator.seen.conclusions.triggers.budget import WEEK
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen

LAST_VERSION = Family(
    "dandelion_last_version_timestamp_seconds",
    "When the newest version that a run made was registered",
    ["namespace", "name"],
)
LAST_RUN = Family(
    "dandelion_last_run_timestamp_seconds",
    "When the last run started, and what started it",
    ["namespace", "name", "trigger"],
)
TRIGGERED_RUNS = Family(
    "dandelion_triggered_runs",
    "Runs that triggers started in the last seven days",
    ["namespace", "name"],
)
TRIGGERED_RUNS_LIMIT = Family(
    "dandelion_triggered_runs_limit",
    "How many runs triggers may start in seven days, spec.triggers.maxRunsPerWeek",
    ["namespace", "name"],
)
WAITING_SINCE = Family(
    "dandelion_trigger_waiting_since_timestamp_seconds",
    "Since when a trigger is due that starts nothing, and what holds it back",
    ["namespace", "name", "trigger", "reason"],
)
NEXT_SCHEDULE = Family(
    "dandelion_next_schedule_timestamp_seconds",
    "The next moment of spec.triggers.schedule",
    ["namespace", "name"],
)
NEW_IMAGES = Family(
    "dandelion_new_images",
    "Files in the dataset's folder that no run has listed, where spec.triggers.newImages is used",
    ["namespace", "name"],
)
CHALLENGERS = Family(
    "dandelion_challengers",
    "Versions in status.history, made since the champion changed last, that were not promoted",
    ["namespace", "name", "verdict", "trigger"],
)
IMAGES = Family(
    "dandelion_dataset_images",
    "Images of the newest dataset version: listed in storage, from addresses, from reviews",
    ["namespace", "name", "source"],
)
REJECTED_FILES = Family(
    "dandelion_dataset_rejected_files",
    "Files that the newest dataset version leaves out",
    ["namespace", "name", "reason"],
)
ADDRESSES = Family(
    "dandelion_dataset_addresses",
    "What became of the addresses of the newest dataset version: fetched, known, failed",
    ["namespace", "name", "outcome"],
)
FAMILIES = (
    LAST_VERSION,
    LAST_RUN,
    TRIGGERED_RUNS,
    TRIGGERED_RUNS_LIMIT,
    WAITING_SINCE,
    NEXT_SCHEDULE,
    NEW_IMAGES,
    CHALLENGERS,
    IMAGES,
    REJECTED_FILES,
    ADDRESSES,
)
KNOWN_TRIGGERS, OTHER = frozenset(Trigger), "Other"


def figures(resource: Resource, observed: Observed, status: Status) -> Iterator[Figure]:
    """`status` is what was told of what was observed."""
    yield from _last_version(observed.registry)
    yield from _last_run(status.training)
    limit = resource.spec.triggers.max_runs_per_week
    if limit is not None:
        yield TRIGGERED_RUNS_LIMIT.of(limit)
    if status.triggers is not None:
        yield from _triggers(status.triggers, observed.now)
    yield from _challengers(status.history)
    if status.dataset is not None:
        yield from _dataset(status.dataset)


def trigger_label(trigger: str | None) -> str:
    """A status may hold a trigger of another release."""
    return trigger if trigger is not None and trigger in KNOWN_TRIGGERS else OTHER


def _last_version(registry: RegistrySeen | Failure) -> Iterator[Figure]:
    if isinstance(registry, RegistrySeen):
        made = [item.created for item in registry.versions if item.run and item.created]
        if made:
            yield LAST_VERSION.of(max(made))


def _last_run(training: Training | None) -> Iterator[Figure]:
    if training is not None:
        yield from _at(LAST_RUN, training.started_at, trigger_label(training.trigger))


def _triggers(triggers: Triggers, now: str) -> Iterator[Figure]:
    week = moments.after(now, -WEEK.total_seconds())
    yield TRIGGERED_RUNS.of(sum(start > week for start in triggers.started_at))
    yield from _at(NEXT_SCHEDULE, triggers.next_schedule_time)
    if triggers.new_images is not None:
        yield NEW_IMAGES.of(triggers.new_images)
    if (waiting := triggers.waiting) is not None:
        yield from _at(WAITING_SINCE, waiting.since, waiting.trigger, waiting.reason)


def _challengers(history: Sequence[HistoryEntry]) -> Iterator[Figure]:
    """Each version by what was said of it last."""
    judged: dict[str, HistoryEntry] = {}
    for entry in history:
        if entry.decision in FOLLOWED:
            break
        if entry.decision in (REJECTED, UNDECIDED) and entry.version is not None:
            judged.setdefault(entry.version, entry)
    found = Counter((item.decision, trigger_label(item.trigger)) for item in judged.values())
    for labels, count in found.items():
        yield CHALLENGERS.of(count, *labels)


def _dataset(dataset: DatasetInfo) -> Iterator[Figure]:
    addresses, reviews = dataset.from_addresses or 0, dataset.from_reviews or 0
    if dataset.images is not None:
        yield IMAGES.of(dataset.images - addresses - reviews, "storage")
    for source, count in (("addresses", addresses), ("reviews", reviews)):
        if count:
            yield IMAGES.of(count, source)
    for reason, count in dataset.rejected.items():
        yield REJECTED_FILES.of(count, reason)
    if dataset.addresses is not None:
        for outcome, count in dataset.addresses.model_dump().items():
            yield ADDRESSES.of(count, outcome)


def _at(family: Family, moment: str | None, *labels: str) -> Iterator[Figure]:
    found = moments.moment(moment)
    if found is not None:
        yield family.of(found.timestamp(), *labels)
