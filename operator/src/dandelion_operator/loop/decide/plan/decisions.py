"""What each concern decided: its actions, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.history import PROMOTED
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.seen.conclusions.triggers.budget import HeldBy
from dandelion_operator.seen.conclusions.triggers.due_trigger import Due


@dataclass(frozen=True)
class Acceptance:
    accepted: bool
    reason: Reason
    message: str


class TrainingPhase(Enum):
    """Where training of this spec stands, after the decision."""

    FOLLOW = auto()
    PENDING = auto()
    WAITING = auto()
    SUSPENDED = auto()
    COMPLETE = auto()
    FAILED = auto()
    HELD_BACK = auto()


@dataclass(frozen=True)
class HeldTrigger:
    """A trigger that is due and starts nothing yet; `until` is "" where no moment is known."""

    due: Due
    reason: HeldBy
    until: str
    message: str

    @property
    def words(self) -> str:
        until = f" until {self.until}" if self.until else ""
        asks = f"{self.due.trigger} asks for another run ({self.due.message})"
        return f"{asks}, held back{until}: {self.message}"


@dataclass(frozen=True)
class TrainDecision:
    """`not_before`: the moment of the next attempt or of the next run, where one is waited for."""

    phase: TrainingPhase
    message: str = ""
    actions: tuple[Action, ...] = ()
    not_before: str = ""
    held: HeldTrigger | None = None


@dataclass(frozen=True)
class Promotion:
    """What the history tells of a version that got the alias. `dataset` is its digest.

    No version: the registry was restored, and what served is not in it.
    """

    version: int | None
    reason: str
    dataset: str = ""
    decision: str = PROMOTED
    trigger: str | None = None  # None: that of the run


@dataclass(frozen=True)
class PromoteDecision:
    """`promotion`: done with the actions, and to be told before anything else is written."""

    message: str = ""
    waiting: Failure | None = None
    actions: tuple[Action, ...] = ()
    promotion: Promotion | None = None
    not_before: str = ""  # as TrainDecision has it, for the Job that compares


class IngestPhase(Enum):
    """Where the reading of the images stands that a person asked for, after the decision."""

    NOTHING = auto()  # none is asked for, or no more
    PENDING = auto()
    FOLLOW = auto()
    COMPLETE = auto()
    FAILED = auto()
    REFUSED = auto()
    STOPPED = auto()  # nobody asks for it any more


@dataclass(frozen=True)
class IngestDecision:
    """`value`: which one, as the annotation has it. `reason` is a word for why it waits or what
    became of it; `not_before` as TrainDecision has it, for its Job.
    """

    phase: IngestPhase = IngestPhase.NOTHING
    value: str = ""
    reason: str | None = None
    message: str = ""
    actions: tuple[Action, ...] = ()
    not_before: str = ""


NO_INGEST = IngestDecision()


@dataclass(frozen=True)
class RolloutDecision:
    target: Target | None
    obstacle: Failure | None = None
    actions: tuple[Action, ...] = ()
    contested: tuple[str, ...] = ()  # what somebody else writes too and is left alone, in words
