"""The page of one model: what serves, what came after it, and what was decided when and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dandelion_console.resource import ModelDeployment
from dandelion_console.status import Challenger, Champion, Condition, Receipt, Version
from dandelion_console.views import figures
from dandelion_console.views.standing import (
    RunInFlight,
    Standing,
    ingest_in_flight,
    run_in_flight,
    standing,
)

ORDER = ("Ready", "Accepted", "Trained", "Promoted", "RolledOut", "DriftDetected")
# Of these, True is what one does not want.
UNWANTED = ("DriftDetected",)


@dataclass(frozen=True)
class ShownCondition:
    """`colour`: ready, trouble or waiting, as a state is."""

    condition: Condition
    colour: str
    outdated: bool


@dataclass(frozen=True)
class Metric:
    name: str
    champion: str
    challenger: str


@dataclass(frozen=True)
class Comparison:
    """Both versions in columns; `challenger` is None while there is none."""

    champion: Champion | None
    challenger: Challenger | None
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class DatasetVersion:
    """One that was read or decided on; `versions` are those of the model that it led to, `since`
    is when it was told of first.
    """

    digest: str
    versions: tuple[str, ...]
    since: str


@dataclass(frozen=True)
class Story:
    model: ModelDeployment
    standing: Standing
    conditions: tuple[ShownCondition, ...]
    run: RunInFlight | None
    ingest: RunInFlight | None
    comparison: Comparison
    live: str
    drift: str
    history: tuple[Receipt, ...]
    datasets: tuple[DatasetVersion, ...]
    rejected: int


def story(model: ModelDeployment) -> Story:
    status = model.status
    return Story(
        model=model,
        standing=standing(model),
        conditions=tuple(_conditions(model)),
        run=run_in_flight(model),
        ingest=ingest_in_flight(model),
        comparison=_comparison(status.champion, status.challenger),
        live=figures.live(status.live_accuracy),
        drift=figures.drift(status.drift),
        history=tuple(sorted(status.history, key=lambda entry: entry.time, reverse=True)),
        datasets=tuple(_datasets(status.history)),
        rejected=sum(status.dataset.rejected.values()) if status.dataset else 0,
    )


def _datasets(history: Iterable[Receipt]) -> Iterable[DatasetVersion]:
    """The newest first. What a run was started with is no version of the dataset, but a digest of
    the names that lay in its place, and has another form.
    """
    found: dict[str, list[Receipt]] = {}
    for entry in sorted(history, key=lambda entry: entry.time):
        if entry.dataset and entry.dataset.startswith("sha256:"):
            found.setdefault(entry.dataset, []).append(entry)
    for digest, entries in reversed(found.items()):
        versions = dict.fromkeys(entry.version for entry in entries if entry.version)
        yield DatasetVersion(digest, tuple(versions), entries[0].time)


def _conditions(model: ModelDeployment) -> Iterable[ShownCondition]:
    def place(condition: Condition) -> int:
        return ORDER.index(condition.type) if condition.type in ORDER else len(ORDER)

    for condition in sorted(model.status.conditions, key=place):
        outdated = (condition.observed_generation or 0) < model.metadata.generation
        yield ShownCondition(condition, _colour(condition), outdated)


def _colour(condition: Condition) -> str:
    if condition.status not in ("True", "False"):
        return "waiting"
    return (
        "ready" if (condition.status == "True") is (condition.type not in UNWANTED) else "trouble"
    )


def _comparison(champion: Champion | None, challenger: Challenger | None) -> Comparison:
    known = {
        name: None
        for version in (champion, challenger)
        if version is not None
        for name in sorted(version.metrics)
    }
    return Comparison(
        champion,
        challenger,
        tuple(
            Metric(figures.named(name), _metric(champion, name), _metric(challenger, name))
            for name in known
        ),
    )


def _metric(version: Version | None, name: str) -> str:
    return figures.figure(version.metrics.get(name)) if version is not None else ""
