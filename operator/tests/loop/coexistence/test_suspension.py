"""A Job that somebody else suspended is theirs to resume, and who holds it is said."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.jobs import SuspendJob
from dandelion_operator.loop.decide.train.phase import train
from dandelion_operator.loop.observe import readings
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import Suspension
from given import evaluation, job, seen
from small_world import World, played

PLAIN = given.resource()
SUSPENDED = given.resource(suspend=True)
OURS = "dandelion-operator"


def raw(
    suspend: bool,
    *managers: str,
    marked: bool = False,
    generation: int = 2,
    **labels: str,
) -> dict[str, Any]:
    """A Job whose spec.suspend was written by these managers, the latest last."""
    return {
        "metadata": {
            "name": "lawn-train-run1",
            "uid": "job-1",
            "generation": generation,
            "creationTimestamp": given.NOW,
            "labels": {"dandelion.dev/run": "run1", "dandelion.dev/training-hash": "hash1"}
            | {name.replace("_", "-"): value for name, value in labels.items()},
            "annotations": {"dandelion.dev/suspended": "true"} if marked else {},
            "managedFields": [
                {
                    "manager": manager,
                    "operation": "Update",
                    "time": f"2026-01-01T00:00:0{index}Z",
                    "fieldsV1": {"f:spec": {"f:suspend": {}}},
                }
                for index, manager in enumerate(managers)
            ],
        },
        "spec": {"suspend": suspend},
    }


@pytest.mark.parametrize(
    ("found", "suspension"),
    [
        pytest.param(raw(False), Suspension(), id="nobody"),
        pytest.param(raw(True, OURS, marked=True), Suspension(ours=True), id="the operator"),
        pytest.param(
            raw(True, OURS), Suspension(ours=True), id="the operator, in an older release"
        ),
        pytest.param(
            raw(True, OURS, generation=1),
            Suspension(held_by="an admission webhook"),
            id="a webhook when it was created",
        ),
        pytest.param(
            raw(True, "kubectl-patch"), Suspension(held_by="kubectl-patch"), id="a person"
        ),
        pytest.param(raw(True), Suspension(held_by="somebody else"), id="nobody knows who"),
        pytest.param(
            raw(True, OURS, generation=1, **{"kueue.x_k8s.io/queue_name": "gpus"}),
            Suspension(held_by="Kueue, in the queue gpus"),
            id="Kueue",
        ),
        pytest.param(
            raw(False, "kueue", marked=True),
            Suspension(ours=True, undone_by="kueue"),
            id="the operator, and somebody else resumed it",
        ),
    ],
)
def test_who_suspended_a_job(found: dict[str, Any], suspension: Suspension) -> None:
    assert readings.job(found, []).suspension == suspension


HELD = Suspension(held_by="Kueue, in the queue gpus")
UNDONE = Suspension(ours=True, undone_by="kueue")


@pytest.mark.parametrize(
    ("resource", "observed", "wanted"),
    [
        pytest.param(
            PLAIN, seen(jobs=(job(state=RunState.SUSPENDED),)), [False], id="resumes its own"
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(state=RunState.SUSPENDED, suspension=HELD),)),
            [],
            id="leaves it to Kueue to let its Job go on",
        ),
        pytest.param(
            SUSPENDED, seen(jobs=(job(),)), [True], id="suspends what runs while it may not"
        ),
        pytest.param(
            SUSPENDED,
            seen(jobs=(job(suspension=UNDONE),)),
            [],
            id="does not suspend again what somebody else resumed",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(suspension=UNDONE),)),
            [False],
            id="forgets its own suspension once it is lifted",
        ),
    ],
)
def test_suspending_and_resuming(
    resource: Resource, observed: Observed, wanted: list[bool]
) -> None:
    accepted = given.decided(resource, observed).acceptance
    found = train(resource, observed, accepted).actions
    assert [item.suspend for item in found if isinstance(item, SuspendJob)] == wanted


@pytest.mark.parametrize(
    ("suspension", "wanted"), [(Suspension(ours=True), [False]), (HELD, [])], ids=["own", "Kueue"]
)
def test_a_comparison_that_somebody_else_suspended_is_left_to_them(
    suspension: Suspension, wanted: list[bool]
) -> None:
    observed = given.serving(
        3,
        registry=given.registry(given.version(3), given.version(4, verdict=""), champion=3),
        artifacts={3: given.contract(), 4: given.contract()},
        comparisons={given.compared(): None},
        evaluations=(evaluation(RunState.SUSPENDED, suspension=suspension, message="held"),),
    )
    decision = given.decided(PLAIN, observed).promote
    assert [item.suspend for item in decision.actions if isinstance(item, SuspendJob)] == wanted
    assert wanted or "(held)" in decision.message


def test_kueue_holds_a_run_and_lets_it_go_in_its_own_time(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.until_training()
        (job,) = world.cluster.kind("jobs")
        job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "gpus"
        job["spec"]["suspend"] = True
        world.standing = set()
        await world.settle()
        assert job["spec"]["suspend"] is True
        assert world.condition("Trained") == ("Unknown", "TrainingPending")
        assert "suspended by Kueue, in the queue gpus" in world.message("Trained")
        job["spec"]["suspend"] = False
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_a_run_that_a_person_resumed_against_spec_suspend_is_not_fought_over(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.until_training()
        world.apply(suspend=True)
        await world.settle()
        (job,) = world.cluster.kind("jobs")
        assert job["spec"]["suspend"] is True
        job["spec"]["suspend"] = False
        await world.settle()
        assert job["spec"]["suspend"] is False
        assert "resumed the Job" in world.message("Trained")
        world.apply()
        await world.settle()
        assert "dandelion.dev/suspended" not in job["metadata"]["annotations"]

    played(scene)
