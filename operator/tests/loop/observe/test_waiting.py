"""Why a pod that is wanted does not run, in the words of Jobs, pods and Events."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.observe import readings, waiting

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
