"""From what Kubernetes says about Jobs, pods and Deployments to what the decisions need."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.observe import readings

Json = dict[str, Any]


def job(*conditions: str, suspend: bool = False, **failed: str) -> Json:
    return {
        "metadata": {
            "name": "lawn-train-run1",
            "uid": "job-1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"dandelion.dev/run": "run1", "dandelion.dev/training-hash": "hash1"},
        },
        "spec": {"suspend": suspend},
        "status": {
            "conditions": [{"type": kind, "status": "True"} | failed for kind in conditions]
        },
    }


def pod(phase: str = "Running", created: str = "2026-01-01T00:00:00Z", **status: Any) -> Json:
    return {
        "metadata": {
            "name": "p",
            "creationTimestamp": created,
            "ownerReferences": [{"uid": "job-1", "controller": True}],
            "labels": {"dandelion.dev/version": "3"},
        },
        "status": {"phase": phase} | status,
    }


def ended(code: int, message: str = "", reason: str = "Error") -> Json:
    state = {"terminated": {"exitCode": code, "message": message, "reason": reason}}
    return pod("Failed", containerStatuses=[{"state": state}])


def held(reason: str, message: str) -> Json:
    state = {"waiting": {"reason": reason, "message": message}}
    return pod("Pending", containerStatuses=[{"state": state}])


LEAVING = pod()
LEAVING["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:30Z"

UNSCHEDULABLE = pod(
    "Pending",
    conditions=[
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/1 nodes are available: 1 Insufficient cpu.",
        }
    ],
)


@pytest.mark.parametrize(
    ("raw", "pods", "state"),
    [
        pytest.param(job(), [], RunState.PENDING, id="no pod yet"),
        pytest.param(job(), [pod("Pending")], RunState.PENDING, id="a pod that waits"),
        pytest.param(job(), [pod()], RunState.RUNNING, id="a pod that runs"),
        pytest.param(job(suspend=True), [], RunState.SUSPENDED, id="suspended"),
        pytest.param(job("Complete"), [], RunState.SUCCEEDED, id="complete"),
        pytest.param(job("FailureTarget"), [pod()], RunState.RUNNING, id="about to fail"),
        pytest.param(job("FailureTarget", "Failed"), [], RunState.FAILED, id="failed"),
        pytest.param(
            job("FailureTarget", "Failed"), [pod()], RunState.RUNNING, id="its pod's end comes late"
        ),
        pytest.param(job("Failed"), [LEAVING], RunState.FAILED, id="failed before its pod is gone"),
    ],
)
def test_the_state_of_a_run(raw: Json, pods: list[Json], state: RunState) -> None:
    assert readings.job(raw, pods).state is state


TOLD = json.dumps({"reason": "TooFewClasses", "message": "only one class: grass"})


@pytest.mark.parametrize(
    ("raw", "pods", "reason", "words"),
    [
        pytest.param(
            job("Failed"), [ended(64, TOLD)], "TooFewClasses", "only one class", id="its own words"
        ),
        pytest.param(
            job("Failed"),
            [ended(1, json.dumps({"reason": "RegistryUnreachable"})), ended(64, TOLD)],
            "RegistryUnreachable",
            "",
            id="the words of the newest pod",
        ),
        pytest.param(
            job("Failed"),
            [ended(137, reason="OOMKilled")],
            "OutOfMemory",
            "limits.memory",
            id="oom",
        ),
        pytest.param(
            job("Failed"), [ended(2, "Traceback")], "InternalError", "exit code 2", id="a crash"
        ),
        pytest.param(
            job("Failed", reason="DeadlineExceeded"),
            [],
            "DeadlineExceeded",
            "activeDeadlineSeconds",
            id="too slow",
        ),
        pytest.param(
            job("Failed", message="Job has reached the specified backoff limit"),
            [],
            None,
            "backoff limit",
            id="pods gone",
        ),
        pytest.param(job(), [UNSCHEDULABLE], None, "Unschedulable: 0/1 nodes", id="no room"),
        pytest.param(
            job(),
            [held("ErrImagePull", "no such image")],
            None,
            "ErrImagePull: no such image",
            id="no image",
        ),
        pytest.param(job(), [held("ContainerCreating", "")], None, None, id="just starting"),
    ],
)
def test_why_a_run_failed_or_waits(
    raw: Json, pods: list[Json], reason: str | None, words: str | None
) -> None:
    found = readings.job(raw, pods)
    assert found.reason == reason
    assert (words in (found.message or "")) if words is not None else (found.message is None)


def test_a_job_that_only_evaluates_is_told_apart_from_a_run() -> None:
    raw = job("Failed")
    assert not readings.is_evaluation(raw)
    raw["metadata"]["labels"] = {"dandelion.dev/evaluation": "0123456789"}
    raw["metadata"]["annotations"] = {"dandelion.dev/gate": "gate1"}
    assert readings.is_evaluation(raw)
    found = readings.evaluation_job(raw, [ended(64, TOLD)])
    assert (found.evaluation, found.gate) == ("0123456789", "gate1")
    assert (found.state, found.in_flight) == (RunState.FAILED, False)
    assert (found.reason, found.message) == ("TooFewClasses", "only one class: grass")


def deployment(**about: Any) -> Json:
    env = [
        {"name": "DANDELION_MODEL_VERSION", "value": "3"},
        {"name": "DANDELION_ARTIFACT_URI", "value": "s3://models/x"},
        {"name": "DANDELION_CONTRACT_DIGEST", "value": "sha256:3"},
    ]
    status = {
        "observedGeneration": 2,
        "replicas": 2,
        "updatedReplicas": 2,
        "availableReplicas": 2,
    }
    return {
        "metadata": {"name": "lawn-inference", "generation": 2},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"env": env}]}}},
        "status": status | about,
    }


@pytest.mark.parametrize(
    ("about", "complete"),
    [
        pytest.param({}, True, id="all there"),
        pytest.param({"observedGeneration": 1}, False, id="not looked at yet"),
        pytest.param({"updatedReplicas": 1}, False, id="an old replica left"),
        pytest.param({"replicas": 3}, False, id="one too many"),
        pytest.param({"availableReplicas": 1}, False, id="one not available"),
    ],
)
def test_a_deployment_is_complete_when_every_replica_is_new_and_available(
    about: Json, complete: bool
) -> None:
    found = readings.deployment(deployment(**about), "uid")
    assert found.target is not None
    assert found.target.version == 3
    assert found.complete is complete


@pytest.mark.parametrize(
    ("account", "mounts", "about", "may_ask"),
    [
        pytest.param("lawn-inference", True, {}, True, id="of a former release"),
        pytest.param("lawn-inference", False, {}, False, id="by accounts to S3 alone"),
        pytest.param("default", False, {"updatedReplicas": 1}, True, id="some are left"),
        pytest.param("default", False, {}, False, id="all are replaced"),
    ],
)
def test_pods_of_a_former_release_may_ask_the_api_server(
    account: str, mounts: bool, about: Json, may_ask: bool
) -> None:
    raw = deployment(**about)
    raw["spec"]["template"]["spec"] |= {
        "serviceAccountName": account,
        "automountServiceAccountToken": mounts,
    }
    assert readings.deployment(raw, "uid").may_ask_api_server is may_ask


def test_a_pod_tells_its_own_reason_before_kubernetes_does() -> None:
    told = readings.pod(held("CrashLoopBackOff", "back-off"), ("DigestMismatch", "model.onnx"))
    assert (told.reason, told.permanent) == ("DigestMismatch", True)
    silent = readings.pod(held("CrashLoopBackOff", "back-off"), None)
    assert (silent.reason, silent.permanent) == ("CrashLoopBackOff", False)


def test_an_evicted_pod_serves_nothing() -> None:
    raw = pod("Failed")
    raw["metadata"]["labels"]["app.kubernetes.io/component"] = "inference"
    assert not readings.is_serving_pod(raw)
    raw["status"]["phase"] = "Running"
    assert readings.is_serving_pod(raw)


def test_a_headless_service_has_no_address() -> None:
    raw = {"metadata": {"name": "s"}, "spec": {"clusterIP": "None"}}
    assert readings.service(raw, "uid").address is None


@pytest.mark.parametrize(
    ("annotations", "port"),
    [
        pytest.param(None, 8080, id="a pod of a former release"),
        pytest.param({"team": "garden"}, 8080, id="one with annotations of its own"),
        pytest.param({"dandelion.dev/metrics-port": "8081"}, 8081, id="one of this release"),
        pytest.param({"dandelion.dev/metrics-port": "65536"}, 8080, id="no port"),
        pytest.param({"dandelion.dev/metrics-port": "0"}, 8080, id="none at all"),
        pytest.param({"dandelion.dev/metrics-port": "²"}, 8080, id="no number"),
    ],
)
def test_where_a_pod_is_asked(annotations: dict[str, str] | None, port: int) -> None:
    assert readings.probes_port({"metadata": {"name": "a", "annotations": annotations}}) == port


def test_the_job_of_a_search_is_known_from_the_one_that_trains() -> None:
    raw = job()
    assert not readings.job(raw, []).searches
    raw["metadata"]["labels"]["dandelion.dev/search"] = "run1"
    assert readings.job(raw, []).searches
