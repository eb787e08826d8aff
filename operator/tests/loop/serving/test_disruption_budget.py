"""Two serving pods and more are not put out at the same time."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import ApplyBudget, RemoveBudget
from dandelion_operator.loop.observe import readings
from dandelion_operator.seen.serving import BudgetSeen
from small_world import World, played

Json = dict[str, Any]
OURS = BudgetSeen(exists=True, ours=True, digest=digests.budget(given.resource()))
THEIRS = BudgetSeen(exists=True, ours=False)


@pytest.mark.parametrize(
    ("replicas", "seen", "expected"),
    [
        pytest.param(1, BudgetSeen(), (), id="one pod has none"),
        pytest.param(2, BudgetSeen(), (ApplyBudget(),), id="two pods get one"),
        pytest.param(2, OURS, (), id="two pods keep it"),
        pytest.param(
            2, BudgetSeen(True, True, "older"), (ApplyBudget(),), id="an older one is renewed"
        ),
        pytest.param(1, OURS, (RemoveBudget(),), id="scaled down, it goes"),
        pytest.param(0, OURS, (RemoveBudget(),), id="scaled to zero, it goes"),
        pytest.param(2, THEIRS, (), id="one of that name which is somebody else's stays"),
        pytest.param(1, THEIRS, (), id="and is not taken away"),
        pytest.param(
            2, BudgetSeen(another_covers=True), (), id="where another covers the pods, none is made"
        ),
        pytest.param(
            2,
            BudgetSeen(True, True, OURS.digest, another_covers=True),
            (RemoveBudget(),),
            id="ours makes way for another: no pod under two budgets can be evicted",
        ),
    ],
)
def test_whether_there_is_a_budget(
    replicas: int, seen: BudgetSeen, expected: tuple[Action, ...]
) -> None:
    wanted = given.resource(serving={"replicas": replicas})
    observed = given.serving(3, deployment=given.deployment(3, wanted), budget=seen)
    actions = decide(wanted, observed, given.place()).rollout.actions
    assert tuple(item for item in actions if isinstance(item, ApplyBudget | RemoveBudget)) == (
        expected
    )


def test_an_autoscalers_replicas_count() -> None:
    scaled = given.deployment(3, wanted_replicas=5, replicas=5, scaled_by="keda")
    actions = given.decided(given.resource(), given.serving(3, deployment=scaled)).rollout.actions
    assert ApplyBudget() in actions


def test_one_pod_after_the_other_may_go_and_its_owner_takes_it_along() -> None:
    built = builders.disruption_budget(given.resource())
    assert built["spec"]["maxUnavailable"] == 1
    pods = built["spec"]["selector"]["matchLabels"].items()
    wanted = given.resource()
    made = builders.deployment(wanted, given.version(3).target, given.place(wanted), given.DEFAULTS)
    assert pods <= made["spec"]["template"]["metadata"]["labels"].items()
    assert built["metadata"]["ownerReferences"][0]["uid"] == wanted.uid


def budget(name: str = "theirs", owner: str = "", **selector: Any) -> Json:
    owners = [{"uid": owner, "controller": True}] if owner else []
    return {
        "metadata": {"name": name, "ownerReferences": owners},
        "spec": {"selector": selector} if selector != {"none": True} else {},
    }


def expression(operator: str, *values: str, key: str = "app.kubernetes.io/component") -> Json:
    return {"key": key, "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("found", "covers"),
    [
        pytest.param(budget(matchLabels={"dandelion.dev/modeldeployment": "lawn"}), True, id="us"),
        pytest.param(
            budget(matchLabels={"dandelion.dev/modeldeployment": "park"}), False, id="another"
        ),
        pytest.param(budget(), True, id="all pods of the namespace"),
        pytest.param(budget(none=True), False, id="no pods"),
        pytest.param(budget(matchExpressions=[expression("In", "inference")]), True, id="in"),
        pytest.param(budget(matchExpressions=[expression("NotIn", "inference")]), False, id="out"),
        pytest.param(budget(matchExpressions=[expression("Exists")]), True, id="with the label"),
        pytest.param(budget(matchExpressions=[expression("DoesNotExist")]), False, id="without"),
        pytest.param(
            budget(matchExpressions=[expression("NotIn", "a", key="team")]), True, id="no team"
        ),
        pytest.param(
            budget("lawn-inference", given.resource().uid, matchLabels={}), False, id="ours"
        ),
    ],
)
def test_whether_a_budget_of_somebody_else_covers_the_pods(found: Json, covers: bool) -> None:
    seen = readings.budget([found], given.resource().key, given.resource().uid)
    assert seen.another_covers is covers


def test_a_budget_comes_and_goes_with_the_second_pod(world: World) -> None:
    async def scene() -> None:
        world.apply(serving={"replicas": 2})
        await world.settle()
        assert [
            item["metadata"]["name"] for item in world.cluster.kind("poddisruptionbudgets")
        ] == ["lawn-inference"]
        world.apply(serving={"replicas": 1})
        await world.settle()
        assert world.cluster.kind("poddisruptionbudgets") == []

    played(scene)


def test_an_operator_that_may_read_no_budgets_serves_all_the_same(world: World) -> None:
    async def scene() -> None:
        world.cluster.unreadable = {"poddisruptionbudgets"}
        world.apply(serving={"replicas": 2})
        await world.settle()
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")

    played(scene)
