"""How a resource is, in one word, and why: from its conditions alone, the operator's own words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dandelion_console.resource import ModelDeployment
from dandelion_console.status import Condition

# Of these, a False one is told even of a model that serves.
TELLING = ("Accepted", "Trained", "Promoted", "RolledOut")
UNDER_WAY = ("Pending", "Running", "Suspended")
INGESTING = ("Pending", "Running")


class State(StrEnum):
    """In the order in which they ask for a look."""

    TROUBLE = "trouble"
    WAITING = "waiting"
    READY = "ready"


@dataclass(frozen=True)
class Standing:
    state: State
    word: str
    reason: str
    message: str
    others: tuple[Condition, ...] = ()


def standing(model: ModelDeployment) -> Standing:
    ready = model.condition("Ready")
    if model.metadata.deletion_timestamp:
        return Standing(State.WAITING, "Being deleted", "", "")
    if ready is None:
        why = "The operator has not looked at it yet."
        return Standing(State.WAITING, "Unknown", "", why)
    others = tuple(
        item for kind in TELLING if (item := model.condition(kind)) and item.status == "False"
    )
    if (ready.observed_generation or 0) < model.metadata.generation:
        why = "The spec has changed since the operator looked last."
        return Standing(State.WAITING, "Being looked at", ready.reason, why, others)
    if ready.status == "True":
        return Standing(State.READY, "Ready", ready.reason, ready.message, others)
    if ready.status == "False":
        return Standing(State.TROUBLE, "Not ready", ready.reason, ready.message)
    return Standing(State.WAITING, "Unknown", ready.reason, ready.message)


@dataclass(frozen=True)
class RunInFlight:
    """`percent` of the run's work; `words`: what it is doing."""

    percent: int
    words: str


def run_in_flight(model: ModelDeployment) -> RunInFlight | None:
    training = model.status.training
    if training is None or training.state not in UNDER_WAY:
        return None
    percent = min(100, max(0, training.progress_percent))
    search = training.search
    words = [training.state.lower(), training.stage or ""]
    if search is not None:
        words.append(f"{search.finished + search.pruned} of {search.trials} trials")
    return RunInFlight(percent, ", ".join(filter(None, words)))


def ingest_in_flight(model: ModelDeployment) -> RunInFlight | None:
    """The reading of the images that somebody asked for, while it is not over."""
    ingest = model.status.ingest
    if ingest is None or ingest.state not in INGESTING:
        return None
    why = ": ".join(filter(None, (ingest.reason, ingest.message)))
    words = [f"reading the images: {ingest.state.lower()}", ingest.stage or "", why]
    percent = min(100, max(0, ingest.progress_percent))
    return RunInFlight(percent, ", ".join(filter(None, words)))
