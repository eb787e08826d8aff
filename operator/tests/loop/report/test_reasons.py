"""Every reason, in a situation that gives it: the condition that carries it, and the next look.

A reason that no situation gives does not belong into the enum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import given
import pytest
from dandelion_operator.api.location import Defaults, location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.reasons.facts import (
    WHILE_BLOCKED,
    WHILE_ROLLING_OUT,
    WHILE_STUCK,
    WHILE_TRAINING,
)
from dandelion_operator.api.resource import InvalidResource, Resource, parse
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop import pace
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.decide.plan.children import ApplyService
from dandelion_operator.loop.report import invalid, report
from dandelion_operator.seen.conclusions.waiting import WAITING
from dandelion_operator.seen.drift import Drift
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import Answer
from given import (
    NOW,
    compared,
    contract,
    deployment,
    drifting,
    evaluation,
    job,
    registry,
    resource,
    seen,
    serving,
    status,
    training,
    version,
)
from given.drifting import windows
from given.report.told import may_be_told

PLAIN = resource()
RESYNC = 3600.0
ACCEPTED, TRAINED, PROMOTED = "Accepted", "Trained", "Promoted"
ROLLED_OUT, READY, DRIFT_DETECTED = "RolledOut", "Ready", "DriftDetected"
MOVED = {"registry": registry(version(3), version(4), champion=4), "artifacts": {4: contract()}}
CAME_BACK = Drift(("spec.selector",), ("kubectl",), ("kubectl",))


def judged(verdict: str) -> Observed:
    """Version 4 beside champion 3, with a verdict of these very rules."""
    new = version(4, verdict=verdict, gate=evaluation().gate, verdict_reason="the words")
    return serving(3, registry=registry(version(3), new, champion=3))


def waiting(**about: Any) -> Observed:
    fields: dict[str, Any] = {
        "registry": registry(version(3), version(4, verdict=""), champion=3),
        "artifacts": {3: contract(), 4: contract()},
        "comparisons": {compared(): None},
    }
    return serving(3, **(fields | about))


def without(reason: Reason) -> Observed:
    return seen(dataset=Failure(reason, "the words"))


def moved(**about: Any) -> Observed:
    return serving(3, **MOVED, **about)


def held_up(reason: Reason) -> Observed:
    return seen(jobs=(job(state=RunState.PENDING, waiting=Failure(reason, "the words")),))


def failed() -> Observed:
    return seen(previous=status(training=training(state="Failed", reason="TooFewClasses")))


@dataclass(frozen=True)
class Situation:
    condition: str
    pause: float
    observed: Observed
    wanted: Resource = PLAIN
    refusals: tuple[Refusal, ...] = ()
    defaults: Defaults = field(default=given.DEFAULTS)

    def told(self) -> Status:
        decided = decide(self.wanted, self.observed, location(self.wanted, self.defaults))
        return report(self.wanted, self.observed, decided, self.refusals, NOW)

    def seconds(self) -> float:
        decided = decide(self.wanted, self.observed, location(self.wanted, self.defaults))
        return pace.pause(self.observed, decided, self.told(), RESYNC)


SITUATIONS: Mapping[Reason, Situation] = {
    Reason.VALID: Situation(ACCEPTED, RESYNC, serving(3)),
    Reason.STORAGE_UNREACHABLE: Situation(
        ACCEPTED, WHILE_BLOCKED, without(Reason.STORAGE_UNREACHABLE)
    ),
    Reason.CREDENTIALS_REJECTED: Situation(
        ACCEPTED, WHILE_BLOCKED, without(Reason.CREDENTIALS_REJECTED)
    ),
    Reason.BUCKET_NOT_FOUND: Situation(ACCEPTED, WHILE_BLOCKED, without(Reason.BUCKET_NOT_FOUND)),
    Reason.DATASET_EMPTY: Situation(ACCEPTED, WHILE_BLOCKED, without(Reason.DATASET_EMPTY)),
    Reason.DATASET_LISTING: Situation(ACCEPTED, WHILE_BLOCKED, without(Reason.DATASET_LISTING)),
    Reason.DATASET_NOT_ALLOWED: Situation(
        ACCEPTED, RESYNC, serving(3), defaults=replace(given.DEFAULTS, datasets=())
    ),
    Reason.IMAGE_NOT_ALLOWED: Situation(
        ACCEPTED,
        RESYNC,
        serving(3),
        resource(training={"image": "elsewhere.example.com/training:1"}),
        defaults=replace(given.DEFAULTS, images=("registry.example.com/",)),
    ),
    Reason.SECRET_MISSING: Situation(ACCEPTED, WHILE_BLOCKED, without(Reason.SECRET_MISSING)),
    Reason.IDENTITY_MISSING: Situation(ACCEPTED, WHILE_BLOCKED, without(Reason.IDENTITY_MISSING)),
    Reason.LOG_UNAVAILABLE: Situation(
        ACCEPTED,
        RESYNC,
        serving(3),
        resource(serving={"logging": {"images": True}}),
        defaults=replace(given.DEFAULTS, log_uri=""),
    ),
    Reason.TRAINING_COMPLETE: Situation(TRAINED, RESYNC, serving(3)),
    Reason.TRAINING_FAILED: Situation(TRAINED, WHILE_STUCK, failed()),
    Reason.TRAINING_RUNNING: Situation(TRAINED, WHILE_TRAINING, seen(jobs=(job(),))),
    Reason.SEARCH_RUNNING: Situation(TRAINED, WHILE_TRAINING, seen(jobs=(job(searches=True),))),
    Reason.TRAINING_PENDING: Situation(
        TRAINED, WHILE_TRAINING, seen(jobs=(job(state=RunState.PENDING),))
    ),
    Reason.SUSPENDED: Situation(TRAINED, RESYNC, seen(), resource(suspend=True)),
    Reason.NOT_STARTED: Situation(TRAINED, WHILE_BLOCKED, without(Reason.DATASET_EMPTY)),
    Reason.VERSION_PROMOTED: Situation(PROMOTED, RESYNC, serving(3)),
    Reason.GATE_FAILED: Situation(PROMOTED, RESYNC, judged("rejected")),
    Reason.UNDECIDED: Situation(PROMOTED, RESYNC, judged("undecided")),
    Reason.AWAITING_APPROVAL: Situation(PROMOTED, RESYNC, judged("awaiting")),
    Reason.OBSERVE_ONLY: Situation(PROMOTED, RESYNC, judged("observed")),
    Reason.EVALUATION_RUNNING: Situation(
        PROMOTED, WHILE_TRAINING, waiting(evaluations=(evaluation(),))
    ),
    Reason.EVALUATION_FAILED: Situation(
        PROMOTED,
        WHILE_STUCK,
        waiting(evaluations=(evaluation(RunState.FAILED, reason="OutOfMemory"),)),
    ),
    Reason.NO_VERSION: Situation(PROMOTED, WHILE_TRAINING, seen(jobs=(job(),))),
    Reason.ALIAS_MISSING: Situation(
        PROMOTED, RESYNC, serving(3, registry=registry(version(3), champion=None))
    ),
    Reason.ARTIFACT_REJECTED: Situation(
        ROLLED_OUT,
        WHILE_STUCK,
        serving(3, **(MOVED | {"artifacts": {4: Failure(Reason.ARTIFACT_REJECTED, "gone")}})),
    ),
    Reason.REGISTRY_UNREACHABLE: Situation(
        PROMOTED,
        WHILE_BLOCKED,
        serving(3, registry=Failure(Reason.REGISTRY_UNREACHABLE, "no answer")),
    ),
    Reason.ADOPTION_NEEDED: Situation(
        ROLLED_OUT,
        WHILE_TRAINING,
        seen(jobs=(job(),), registry=replace(registry(), left=version(2))),
    ),
    Reason.REGISTRY_LOST: Situation(
        PROMOTED,
        WHILE_BLOCKED,
        serving(
            3,
            registry=replace(registry(version(3)), restoring=True),
            stored=Failure(Reason.STORAGE_UNREACHABLE, "no answer"),
        ),
    ),
    **{reason: Situation(TRAINED, WHILE_BLOCKED, held_up(reason)) for reason in WAITING},
    Reason.REPLICAS_AVAILABLE: Situation(ROLLED_OUT, RESYNC, serving(3)),
    Reason.PROGRESSING: Situation(
        ROLLED_OUT, WHILE_ROLLING_OUT, serving(3, deployment=deployment(3, available=0))
    ),
    Reason.PROGRESS_DEADLINE_EXCEEDED: Situation(
        ROLLED_OUT,
        WHILE_STUCK,
        moved(deployment=deployment(4, available=0, deadline_exceeded=True)),
    ),
    Reason.PAUSED: Situation(
        ROLLED_OUT, RESYNC, moved(deployment=deployment(4, available=0, paused_by="kubectl"))
    ),
    Reason.SCALED_TO_ZERO: Situation(
        ROLLED_OUT,
        RESYNC,
        serving(3, deployment=deployment(3, resource(serving={"replicas": 0})), pods=()),
        resource(serving={"replicas": 0}),
    ),
    Reason.NAME_TAKEN: Situation(
        ROLLED_OUT, WHILE_STUCK, serving(3, service=given.service(ours=False))
    ),
    Reason.CONTESTED: Situation(ROLLED_OUT, RESYNC, serving(3, drifts={"Service": CAME_BACK})),
    Reason.CHILD_REFUSED: Situation(
        ROLLED_OUT,
        RESYNC,
        serving(3),
        refusals=(Refusal(ApplyService(), "forbidden by policy", True),),
    ),
    Reason.AUTH_UNAVAILABLE: Situation(
        ROLLED_OUT,
        WHILE_STUCK,
        serving(3),
        resource(serving={"auth": "ClusterTokens"}),
        defaults=given.WITHOUT_REVIEWER,
    ),
    Reason.IMAGES_DRIFTED: Situation(
        DRIFT_DETECTED, RESYNC, serving(3, windows=(drifting.told(windows(2.0, 2.0, 2.0)),))
    ),
    Reason.NO_DRIFT: Situation(
        DRIFT_DETECTED, RESYNC, serving(3, windows=(drifting.told(windows(0.5, 2.0, 2.0)),))
    ),
    Reason.TOO_FEW_ANSWERS: Situation(
        DRIFT_DETECTED, RESYNC, serving(3, windows=(drifting.told(windows(2.0, 2.0)),))
    ),
    Reason.DRIFT_NOT_TOLD: Situation(
        DRIFT_DETECTED, RESYNC, serving(3, windows=(drifting.silent(),))
    ),
    Reason.NOTHING_SERVES: Situation(DRIFT_DETECTED, RESYNC, serving(3)),
    Reason.SERVING: Situation(READY, RESYNC, serving(3)),
    Reason.NOT_ANSWERING: Situation(
        READY, WHILE_ROLLING_OUT, serving(3, answer=Answer(None, "refused"))
    ),
}
# Told by `invalid` and `left_alone`, for what cannot or must not be worked on at all.
WITHOUT_SITUATION = {Reason.INVALID_SPEC, Reason.NAMESPACE_NOT_ENABLED}


def test_every_reason_has_a_situation_that_gives_it() -> None:
    assert set(SITUATIONS) | WITHOUT_SITUATION == set(Reason)


@pytest.mark.parametrize("reason", SITUATIONS, ids=[str(reason) for reason in SITUATIONS])
def test_a_situation_gives_its_reason_in_its_condition_and_the_next_look(reason: Reason) -> None:
    situation = SITUATIONS[reason]
    condition = situation.told().condition(ConditionType(situation.condition))
    assert condition is not None
    assert condition.reason == reason.value
    assert situation.seconds() == situation.pause


@pytest.mark.parametrize("reason", SITUATIONS, ids=[str(reason) for reason in SITUATIONS])
def test_every_condition_of_a_situation_carries_a_reason_that_may_stand_there(
    reason: Reason,
) -> None:
    told = SITUATIONS[reason].told()
    assert [item for item in told.conditions if not may_be_told(item)] == []
    assert {item.type for item in told.conditions} == set(ConditionType)


def test_a_spec_that_contradicts_itself_is_told_beside_what_was_known() -> None:
    broken = parse(
        {
            "metadata": {"namespace": "default", "name": "lawn", "uid": "1", "generation": 7},
            "spec": {"dataset": {}},
        }
    )
    assert isinstance(broken, InvalidResource)
    first = invalid(broken, status(), NOW)
    assert [(item.type.value, item.reason) for item in first.conditions] == [
        (ACCEPTED, "InvalidSpec"),
        (READY, "InvalidSpec"),
    ]
    assert first.phase == "Blocked"
    known = SITUATIONS[Reason.SERVING].told()
    later = invalid(broken, known, given.LATER)
    assert [(item.type.value, item.reason) for item in later.conditions] == [
        (ACCEPTED, "InvalidSpec"),
        (TRAINED, "TrainingComplete"),
        (PROMOTED, "VersionPromoted"),
        (ROLLED_OUT, "ReplicasAvailable"),
        (READY, "Serving"),
        (DRIFT_DETECTED, "NothingServes"),
    ]
    assert (later.phase, later.champion, later.observed_generation) == (
        "Serving",
        known.champion,
        7,
    )
