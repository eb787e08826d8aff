"""A pod that a lost node never ends holds nothing up, and a paused Deployment is said to be one."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import given
import pytest
from dandelion_operator.api import moments
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.loop.observe import readings
from dandelion_operator.seen.serving import PodSeen
from fakes.cluster import KEY
from given import job, pod, seen, serving
from small_world import World, played

SERVING = "lawn-inference"
LEAVING = "2026-01-01T00:05:00Z"


def raw_pod(ready: bool, deleting: bool) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": "p",
        "creationTimestamp": given.NOW,
        "ownerReferences": [{"uid": "job-1", "controller": True}],
    }
    if deleting:
        metadata["deletionTimestamp"] = LEAVING
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {"metadata": metadata, "status": {"phase": "Running", "conditions": conditions}}


RAW_JOB = {
    "metadata": {
        "name": "lawn-train-run1",
        "uid": "job-1",
        "creationTimestamp": given.NOW,
        "deletionTimestamp": LEAVING,
    },
    "spec": {},
}


@pytest.mark.parametrize(
    ("pods", "lost"),
    [
        pytest.param([], False, id="its pods are gone: Kubernetes tidies up"),
        pytest.param([raw_pod(True, True)], False, id="a pod writes its checkpoint"),
        pytest.param([raw_pod(True, False)], False, id="a pod was not told yet"),
        pytest.param([raw_pod(False, True)], True, id="a pod's node does not answer"),
        pytest.param(
            [raw_pod(False, True), raw_pod(True, True)], False, id="one of two still runs"
        ),
    ],
)
def test_whether_a_job_that_is_deleted_still_works(pods: list[dict[str, Any]], lost: bool) -> None:
    assert readings.job(RAW_JOB, pods).lost is lost
    running = {**RAW_JOB, "metadata": {**RAW_JOB["metadata"]}}
    del running["metadata"]["deletionTimestamp"]
    assert readings.job(running, pods).lost is False


@pytest.mark.parametrize(
    ("lost", "started"), [(False, 0), (True, 1)], ids=["its pod still works", "its node is lost"]
)
def test_a_stopped_run_holds_the_next_one_up_while_its_pod_works(lost: bool, started: int) -> None:
    decided = given.decided(
        given.resource(), seen(jobs=(job("old", training_hash="o", deleting=True, lost=lost),))
    )
    assert decided.train.phase is TrainingPhase.PENDING
    starts = [item for item in decided.train.actions if isinstance(item, StartTraining)]
    assert len(starts) == started


OLD = PodSeen("old", 2, ready=True)
SILENT = PodSeen("old", 2, ready=False, deleting=True)


@pytest.mark.parametrize(
    ("other", "complete"),
    [
        pytest.param(OLD, False, id="an old pod answers"),
        pytest.param(PodSeen("old", 2, ready=False), False, id="an old pod may come back"),
        pytest.param(
            PodSeen("old", 2, ready=True, deleting=True), False, id="an old pod ends its answers"
        ),
        pytest.param(
            replace(SILENT, gone_by=moments.after(given.NOW, 1)),
            False,
            id="an old pod may answer on connections that are kept",
        ),
        pytest.param(replace(SILENT, gone_by=given.NOW), True, id="an old pod's node is lost"),
    ],
)
def test_when_nothing_of_another_version_serves(other: PodSeen, complete: bool) -> None:
    observed = serving(3, pods=(pod(3), other), now=given.NOW)
    assert observed.serves_only(given.version(3).target) is complete


def test_a_terminating_pod_of_a_dead_node_does_not_keep_a_rollout_open(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        dead = copy.deepcopy(world.inference_pods()[0])
        leaving = moments.after(world.now_text(), 3600)
        dead["metadata"] |= {"name": "on-the-dead-node", "deletionTimestamp": leaving}
        dead["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}
        world.stuck_pods = [dead]
        world.accuracy = 0.95
        world.annotate("again")
        await world.settle()
        assert ("pods", KEY.namespace, "on-the-dead-node") in world.cluster.objects
        # While its grace lasts, it may as well be draining.
        assert world.condition("RolledOut") == ("Unknown", "Progressing")
        assert "1 of another version left" in world.message("RolledOut")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["champion"]["version"] == "1"
        world.time += timedelta(hours=1)
        await world.settle()
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["champion"]["version"] == "2"

    played(scene)


def test_a_paused_deployment_is_named_with_who_paused_it(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        deployment = world.cluster.one("deployments", SERVING)
        paused = {"paused": True}
        world.cluster.edit(
            "deployments", SERVING, lambda raw: raw["spec"].update(paused), "kubectl-rollout"
        )
        await world.settle()
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")
        assert "is paused by kubectl-rollout" in world.message("RolledOut")
        world.accuracy = 0.95
        world.annotate("again")
        await world.settle()
        assert world.condition("RolledOut") == ("False", "Paused")
        assert "kubectl rollout resume deployment/lawn-inference" in world.message("RolledOut")
        assert world.condition("Ready") == ("True", "Serving")
        deployment["spec"]["paused"] = False
        await world.settle()
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")

    played(scene)
