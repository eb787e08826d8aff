"""A pod that is wanted and does not run: whoever holds it up has the word, in the condition."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop import pace
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.report import report
from dandelion_operator.loop.report.events import new_events
from dandelion_operator.seen.observed import Observed
from small_world import World, played

QUOTA = (
    'Error creating: pods "lawn-train-run1-x7k2p" is forbidden: failed quota: compute: must specify'
    " limits.cpu for: training"
)


def status_of(observed: Observed) -> Status:
    wanted = given.resource()
    return report(wanted, observed, decide(wanted, observed, given.place()), (), given.NOW)


def said(observed: Observed, kind: ConditionType) -> tuple[str, str, str]:
    condition = status_of(observed).condition(kind)
    assert condition is not None
    return condition.status, condition.reason, condition.message


def training(failure: Failure | None) -> Observed:
    return given.seen(jobs=(given.job(state=RunState.PENDING, waiting=failure),))


def test_what_holds_training_up_is_in_the_condition() -> None:
    failure = Failure(Reason.PODS_REFUSED, "FailedCreate: exceeded quota")
    found = said(training(failure), ConditionType.TRAINED)
    assert found == ("Unknown", "PodsRefused", "FailedCreate: exceeded quota")
    assert said(training(None), ConditionType.TRAINED)[1] == "TrainingPending"


def rolling(*pods: Any, **deployment: Any) -> Observed:
    """Version 4 is the champion and version 3 serves."""
    return given.serving(
        3,
        registry=given.registry(given.version(3), given.version(4), champion=4),
        artifacts={3: given.contract(), 4: given.contract()},
        deployment=given.deployment(4, updated=0, **deployment),
        pods=(given.pod(3), *pods),
    )


@pytest.mark.parametrize(
    ("observed", "status", "reason", "words"),
    [
        pytest.param(
            rolling(refused="the pod is forbidden: exceeded quota: compute"),
            "Unknown",
            "PodsRefused",
            "; the pod is forbidden: exceeded quota: compute",
            id="a quota",
        ),
        pytest.param(
            rolling(given.pod(4, ready=False, reason="Unschedulable", message="0/1 nodes")),
            "Unknown",
            "Unschedulable",
            "; pod lawn-inference-4: Unschedulable: 0/1 nodes",
            id="no node has room",
        ),
        pytest.param(
            rolling(given.pod(4, ready=False, reason="FailedMount", message="no volume")),
            "Unknown",
            "VolumeUnavailable",
            "; pod lawn-inference-4: FailedMount: no volume",
            id="a volume",
        ),
        pytest.param(
            rolling(evicted="The node was low on resource: memory."),
            "Unknown",
            "Evicted",
            "; a pod was evicted: The node was low on resource: memory.",
            id="an eviction",
        ),
        pytest.param(
            rolling(given.pod(4, ready=False, reason="CrashLoopBackOff", message="back-off")),
            "Unknown",
            "Progressing",
            "; pod lawn-inference-4: CrashLoopBackOff: back-off",
            id="a word without a reason of its own",
        ),
        pytest.param(
            rolling(refused="exceeded quota", deadline_exceeded=True),
            "False",
            "ProgressDeadlineExceeded",
            "; exceeded quota",
            id="for too long",
        ),
    ],
)
def test_what_holds_a_rollout_up_is_in_the_condition(
    observed: Observed, status: str, reason: str, words: str
) -> None:
    found = said(observed, ConditionType.ROLLED_OUT)
    assert found[:2] == (status, reason)
    assert words in found[2]


def test_a_rollout_that_waits_is_a_rollout() -> None:
    nothing_serves = rolling(refused="exceeded quota")
    assert status_of(nothing_serves).phase == "RollingOut"


@pytest.mark.parametrize("observed", [training(Failure(Reason.EVICTED, "x")), rolling(refused="x")])
def test_whoever_waits_is_looked_at_within_ten_seconds(observed: Observed) -> None:
    wanted = given.resource()
    plan = decide(wanted, observed, given.place())
    after = report(wanted, observed, plan, (), given.NOW)
    assert 3 <= pace.pause(observed, plan, after, resync=60) <= 10


def test_what_waits_is_an_event_once() -> None:
    before = status_of(training(None))
    after = status_of(training(Failure(Reason.UNSCHEDULABLE, "Unschedulable: 0/1 nodes")))
    (told,) = [item for item in new_events(before, after) if item.reason == "Unschedulable"]
    assert (told.warning, told.message) == (True, "Unschedulable: 0/1 nodes")
    later = status_of(training(Failure(Reason.UNSCHEDULABLE, "Unschedulable: 0/2 nodes")))
    assert [item for item in new_events(after, later) if item.reason == "Unschedulable"] == []


def test_the_words_of_a_refused_pod_are_read_from_the_jobs_events(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.until_training()
        assert world.message("Trained") == "waiting for its pod to start"
        (job,) = world.cluster.kind("jobs")
        refused = {
            "metadata": {"name": "e1", "creationTimestamp": world.now_text()},
            "involvedObject": {"uid": job["metadata"]["uid"]},
            "reason": "FailedCreate",
            "message": QUOTA,
            "type": "Warning",
            "lastTimestamp": world.now_text(),
        }
        world.cluster.put("events", refused)
        await world.reconcile()
        assert world.condition("Trained") == ("Unknown", "PodsRefused")
        assert "must specify limits.cpu for: training" in world.message("Trained")
        assert world.condition("Ready") == ("False", "PodsRefused")
        world.standing = set()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_operator_that_may_read_no_events_goes_on(world: World) -> None:
    async def scene() -> None:
        world.cluster.unreadable = {"events"}
        world.apply()
        await world.until_training()
        assert world.condition("Trained") == ("Unknown", "TrainingPending")

    played(scene)
