"""The first page: each ModelDeployment in a row, those that ask for a look first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dandelion_console.resource import ModelDeployment
from dandelion_console.views import figures
from dandelion_console.views.standing import (
    RunInFlight,
    Standing,
    State,
    run_in_flight,
    standing,
)


@dataclass(frozen=True)
class Row:
    namespace: str
    name: str
    standing: Standing
    suspended: bool
    version: str
    figure: str
    live: str
    drift: str
    drifted: bool
    run: RunInFlight | None
    created: str


def in_order(rows: Iterable[Row]) -> list[Row]:
    order = list(State)
    return sorted(
        rows, key=lambda each: (order.index(each.standing.state), each.namespace, each.name)
    )


def summary(shown: Sequence[Row]) -> str:
    """`12 models: 1 not ready, 2 on their way, 9 ready`."""
    words = {State.TROUBLE: "not ready", State.WAITING: "on the way", State.READY: "ready"}
    counted = {state: sum(row.standing.state is state for row in shown) for state in State}
    parts = [f"{count} {words[state]}" for state, count in counted.items() if count]
    models = f"{len(shown)} model{'' if len(shown) == 1 else 's'}"
    return f"{models}: {', '.join(parts)}" if parts else models


def row(model: ModelDeployment) -> Row:
    status, champion = model.status, model.status.champion
    drift_detected = model.condition("DriftDetected")
    return Row(
        namespace=model.metadata.namespace,
        name=model.metadata.name,
        standing=standing(model),
        suspended=model.spec.suspend,
        version=champion.version if champion else "",
        figure=figures.of_version(model, champion.metrics) if champion else "",
        live=figures.live(status.live_accuracy),
        drift=figures.drift(status.drift),
        drifted=drift_detected is not None and drift_detected.status == "True",
        run=run_in_flight(model),
        created=model.metadata.creation_timestamp,
    )
