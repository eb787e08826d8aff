"""A pod that is wanted and does not run: whoever holds it up has the word, in the condition."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status import ConditionType, RunState, Status
from dandelion_operator.loop import pace
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.observe import readings, waiting
from dandelion_operator.loop.report import report
from dandelion_operator.loop.report.events import new_events
from dandelion_operator.seen.observed import Observed
from small_world import World, played

Json = dict[str, Any]
QUOTA = (
    'Error creating: pods "lawn-train-run1-x7k2p" is forbidden: failed quota: compute: must specify'
    " limits.cpu for: training"
)


def raw_job(**status: Any) -> Json:
    return {
        "metadata": {
            "name": "lawn-train-run1",
            "uid": "job-1",
            "creationTimestamp": given.NOW,
            "labels": {"dandelion.dev/run": "run1", "dandelion.dev/training-hash": "hash1"},
        },
        "spec": {},
        "status": status,
    }


def raw_pod(phase: str = "Pending", created: str = given.NOW, **status: Any) -> Json:
    return {
        "metadata": {
            "name": "p",
            "uid": "pod-1",
            "creationTimestamp": created,
            "ownerReferences": [{"uid": "job-1", "controller": True}],
            "labels": {"app.kubernetes.io/component": "inference"},
        },
        "status": {"phase": phase} | status,
    }


def unscheduled(reason: str, message: str) -> Json:
    condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return raw_pod(conditions=[condition])


def held(reason: str, message: str = "", kind: str = "containerStatuses") -> Json:
    return raw_pod(**{kind: [{"state": {"waiting": {"reason": reason, "message": message}}}]})


def event(reason: str, message: str, time: str, kind: str = "Warning", **about: Any) -> Json:
    return {
        "metadata": {"creationTimestamp": "2025-01-01T00:00:00Z"},
        "reason": reason,
        "message": message,
        "type": kind,
        "lastTimestamp": time,
    } | about


EVICTED = raw_pod("Failed", reason="Evicted", message="The node was low on resource: memory.")
MOUNT = 'MountVolume.SetUp failed for volume "labels" : configmap "labels" not found'


@pytest.mark.parametrize(
    ("pods", "told", "expected"),
    [
        pytest.param([], {}, None, id="nothing is known yet"),
        pytest.param(
            [],
            {"job-1": ("FailedCreate", waiting.cleaned(QUOTA))},
            Failure(
                Reason.PODS_REFUSED,
                "FailedCreate: the pod is forbidden: failed quota: compute: must specify limits.cpu"
                " for: training",
            ),
            id="a quota on limits.cpu",
        ),
        pytest.param(
            [unscheduled("Unschedulable", "0/1 nodes are available: 1 Insufficient cpu.")],
            {},
            Failure(
                Reason.UNSCHEDULABLE, "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."
            ),
            id="no node has room",
        ),
        pytest.param(
            [unscheduled("SchedulingGated", "Scheduling is blocked")],
            {},
            Failure(Reason.TRAINING_PENDING, "SchedulingGated: Scheduling is blocked"),
            id="a queue lets it wait",
        ),
        pytest.param(
            [held("ErrImagePull", "not found")],
            {},
            Failure(Reason.IMAGE_PULL_FAILED, "ErrImagePull: not found"),
            id="an image that cannot be pulled",
        ),
        pytest.param(
            [held("ImagePullBackOff", "Back-off", kind="initContainerStatuses")],
            {},
            Failure(Reason.IMAGE_PULL_FAILED, "ImagePullBackOff: Back-off"),
            id="an image of a container that was put before it",
        ),
        pytest.param(
            [held("CreateContainerConfigError", 'secret "token" not found')],
            {},
            Failure(
                Reason.CONTAINER_NOT_CREATED,
                'CreateContainerConfigError: secret "token" not found',
            ),
            id="a Secret that is missing",
        ),
        pytest.param([held("ContainerCreating")], {}, None, id="a pod that is just starting"),
        pytest.param(
            [held("ContainerCreating")],
            {"pod-1": ("FailedMount", MOUNT)},
            Failure(Reason.VOLUME_UNAVAILABLE, f"FailedMount: {MOUNT}"),
            id="a volume that cannot be mounted",
        ),
        pytest.param(
            [EVICTED],
            {},
            Failure(Reason.EVICTED, "Evicted: The node was low on resource: memory."),
            id="a pod that was evicted, before the next one is there",
        ),
        pytest.param(
            [EVICTED, raw_pod()], {}, None, id="a pod that starts after one that was evicted"
        ),
        pytest.param(
            [EVICTED],
            {"job-1": ("FailedCreate", "the pod is forbidden: exceeded quota")},
            Failure(Reason.PODS_REFUSED, "FailedCreate: the pod is forbidden: exceeded quota"),
            id="a pod that was evicted and whose next one is refused",
        ),
    ],
)
def test_why_a_job_waits(
    pods: list[Json], told: dict[str, tuple[str, str]], expected: Failure | None
) -> None:
    found = readings.job(raw_job(), pods, told)
    assert (found.state, found.waiting) == (RunState.PENDING, expected)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([], None, id="no event"),
        pytest.param(
            [event("Scheduled", "", "2026-01-01T00:00:01Z", kind="Normal")], None, id="a good one"
        ),
        pytest.param(
            [
                event("Scheduled", "", "", kind="Normal", eventTime="2026-01-01T00:00:01.5Z"),
                event("FailedMount", MOUNT, "2026-01-01T00:00:01Z"),
            ],
            ("FailedMount", MOUNT),
            id="a warning of the same second",
        ),
        pytest.param(
            [
                event("FailedMount", MOUNT, "2026-01-01T00:00:01Z"),
                event("Pulling", "", "2026-01-01T00:00:02Z", kind="Normal"),
            ],
            None,
            id="a warning that is past",
        ),
        pytest.param(
            [event("DNSConfigForming", "", "2026-01-01T00:00:01Z")], None, id="a harmless warning"
        ),
        pytest.param(
            [
                event("FailedCreate", "first", "2026-01-01T00:00:01Z"),
                event(
                    "FailedCreate",
                    "last",
                    "2026-01-01T00:00:00Z",
                    series={"lastObservedTime": "2026-01-01T00:00:09.1Z"},
                ),
            ],
            ("FailedCreate", "last"),
            id="the newest of two",
        ),
    ],
)
def test_the_last_word_of_events(events: list[Json], expected: tuple[str, str] | None) -> None:
    assert waiting.last_warning(events) == expected


def test_foreign_words_come_on_one_line_and_cut() -> None:
    found = waiting.cleaned("denied\n\x1b[31m by\t policy " + 1000 * "x")
    assert found.startswith("denied [31m by policy xxx")
    assert (len(found), found[-1]) == (600, "…")


def test_the_same_refusal_reads_the_same_for_every_pod() -> None:
    """Otherwise each try of the Job controller would be another status."""
    assert waiting.cleaned(QUOTA) == waiting.cleaned(QUOTA.replace("x7k2p", "b9q4z"))


def test_a_run_whose_pods_a_node_put_out_for_good_says_so() -> None:
    failed = {"type": "Failed", "status": "True", "message": "backoff limit"}
    found = readings.job(raw_job(conditions=[failed]), [EVICTED])
    assert (found.reason, found.message) == ("Evicted", "The node was low on resource: memory.")


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
        refused = event("FailedCreate", QUOTA, world.now_text())
        about = {"uid": job["metadata"]["uid"]}
        refused |= {"metadata": {"name": "e1"}, "involvedObject": about}
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
