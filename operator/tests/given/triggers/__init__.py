"""Whether a trigger starts a run, and what was seen where drift and reviews both ask for one.

A resource listens to one of the two by its spec.
"""

from __future__ import annotations

from typing import Any

from dandelion_operator.api.moments import after
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan.decisions import TrainDecision
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.seen.live import LiveAccuracySeen
from dandelion_operator.seen.observed import Observed

import given
from given import NOW, contract, deployment, registry, serving, status, training, version
from given.drifting import told, windows

# The last run began and ended at NOW.
LATER = after(NOW, 60)
AFAR = (3.0, 2.0, 2.5)
LOW = LiveAccuracySeen(
    reviewed=40, right=24, lower=0.402, upper=0.774, confidence=0.95, computed_at=LATER
)
REVIEW: dict[str, Any] = {
    "serving": {"logging": {"images": True}},
    "feedback": {"mode": "Review"},
}


def drift_above(above: float = 1.5, **about: Any) -> Resource:
    return _asked({"driftAbove": above}, about)


def accuracy_below(below: float = 0.8, **about: Any) -> Resource:
    return _asked({"accuracyBelow": below}, REVIEW | about)


def _asked(asked: dict[str, Any], about: dict[str, Any]) -> Resource:
    """What is not of another section is of `triggers`."""
    sections = ("suspend", "promotion", "serving", "feedback")
    top = {name: about[name] for name in sections if name in about}
    triggers = {name: each for name, each in about.items() if name not in sections}
    return given.resource(triggers=asked | triggers, **top)


def due(**about: Any) -> Observed:
    """Version 3, which the last run made, serves."""
    memory = {name: about.pop(name) for name in ("trigger", "state") if name in about}
    run = training("run3", finishedAt=NOW, **memory)
    return _due({"previous": status(champion={"version": "3"}, training=run)} | about)


def judged(
    verdict: str, trigger: str = "Schedule", at: str = LATER, champion: int = 3, **about: Any
) -> Observed:
    """Version 3 serves, and the last run has made version 4, which does not."""
    run = training("run4", finishedAt=NOW, trigger=trigger)
    made = version(4, verdict=verdict, gate="gate")
    fields: dict[str, Any] = {
        "previous": status(champion={"version": "3"}, training=run),
        "registry": registry(version(3), made, champion=champion),
        "artifacts": {3: contract(), 4: contract()},
        "deployment": deployment(3),
        "windows": (told(windows(*AFAR, at=at)),),
        "now": at,
    }
    return _due(fields | about)


def _due(about: dict[str, Any]) -> Observed:
    fields: dict[str, Any] = {
        "windows": (told(windows(*AFAR, at=LATER)),),
        "live": LOW,
        "now": LATER,
    }
    return serving(3, **(fields | about))


def train(resource: Resource, observed: Observed) -> TrainDecision:
    return given.decided(resource, observed).train


def start(found: TrainDecision) -> StartTraining | None:
    return next((item for item in found.actions if isinstance(item, StartTraining)), None)


def starts(resource: Resource, observed: Observed) -> bool:
    return start(train(resource, observed)) is not None
