"""Put right, brought up to date, or left alone: what becomes of a child that others write to."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import (
    AdjustDeployment,
    ApplyBudget,
    ApplyDeployment,
    ApplyService,
    RefreshSecret,
)
from dandelion_operator.seen.drift import Drift
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import BudgetSeen
from given import deployment, serving

PLAIN = given.resource()
ASKING = given.resource(serving={"auth": "ClusterTokens"})
IMAGE = "spec.template.spec.containers[name=inference].image"
TARGET = given.version(3).target
# As an autoscaler has it, so that nothing else is to be written.
TWO_PODS: dict[str, Any] = {
    "deployment": deployment(3, wanted_replicas=2, scaled_by="keda"),
    "budget": BudgetSeen(True, True, digests.budget(PLAIN)),
}
NEW_DIGEST = {"deployment": deployment(3, serving_digest="former")}


def once(*fields: str) -> Drift:
    return Drift(fields, ("kubectl-edit",))


def again(*fields: str) -> Drift:
    return Drift(fields, ("kubectl-edit",), corrected=("kubectl-edit",))


def of_rival(*corrected: str) -> Drift:
    return Drift(rival="the installation in other", corrected=corrected)


EDITED, RIVAL = ("kubectl-edit",), ("the installation in other",)


@pytest.mark.parametrize(
    ("child", "drift", "about", "actions"),
    [
        pytest.param("Deployment", Drift(), {}, [], id="nobody else writes"),
        pytest.param(
            "Deployment",
            once(IMAGE),
            {},
            [ApplyDeployment(TARGET, corrected=EDITED)],
            id="an image is put right",
        ),
        pytest.param("Deployment", again(IMAGE), {}, [], id="and left alone when it comes back"),
        pytest.param(
            "Deployment",
            Drift((IMAGE,), ("a", "b"), corrected=("a",)),
            {},
            [ApplyDeployment(TARGET, corrected=("a", "b"))],
            id="another writer's change is put right for itself",
        ),
        pytest.param(
            "Deployment",
            again(IMAGE),
            NEW_DIGEST,
            [ApplyDeployment(TARGET, corrected=EDITED)],
            id="a new pod template goes out, whatever others write",
        ),
        pytest.param(
            "Deployment",
            once("spec.replicas"),
            {"deployment": deployment(3, wanted_replicas=5)},
            [AdjustDeployment(1, 600, 3, corrected=EDITED)],
            id="replicas are put right without a new pod template",
        ),
        pytest.param(
            "Deployment",
            again("spec.replicas"),
            {"deployment": deployment(3, wanted_replicas=5)},
            [],
            id="replicas that come back are left alone",
        ),
        pytest.param(
            "Deployment",
            again("spec.replicas"),
            {"deployment": deployment(3, wanted_replicas=5, progress_deadline_seconds=60)},
            [AdjustDeployment(None, 600, 3, corrected=EDITED)],
            id="and what else is to be adjusted is",
        ),
        pytest.param(
            "Deployment",
            Drift(),
            {
                "deployment": deployment(3, wanted_replicas=5, scaled_by="keda"),
                "budget": BudgetSeen(another_covers=True),
            },
            [],
            id="an autoscaler's replicas are its own",
        ),
        pytest.param(
            "Deployment",
            Drift(),
            {"deployment": deployment(3, scaled_by="keda", serving_digest="former")},
            [ApplyDeployment(TARGET, sets_replicas=False)],
            id="in a new pod template as well",
        ),
        pytest.param(
            "Deployment",
            of_rival(),
            NEW_DIGEST,
            [ApplyDeployment(TARGET, corrected=RIVAL)],
            id="what another installation made is taken over once",
        ),
        pytest.param(
            "Deployment", of_rival(*RIVAL), NEW_DIGEST, [], id="and not fought over after that"
        ),
        pytest.param(
            "Deployment", of_rival(), {}, [], id="what another installation made alike is kept"
        ),
        pytest.param("Service", once("spec.selector"), {}, [ApplyService(EDITED)], id="a selector"),
        pytest.param("Service", again("spec.selector"), {}, [], id="a selector that comes back"),
        pytest.param(
            "PodDisruptionBudget",
            once("spec.maxUnavailable"),
            TWO_PODS,
            [ApplyBudget(EDITED)],
            id="a budget",
        ),
        pytest.param(
            "PodDisruptionBudget",
            again("spec.maxUnavailable"),
            TWO_PODS,
            [],
            id="a budget that comes back",
        ),
        pytest.param(
            "PodDisruptionBudget",
            of_rival(*RIVAL),
            TWO_PODS | {"budget": BudgetSeen(True, True, "former")},
            [],
            id="a budget that another installation looks after",
        ),
        pytest.param(
            "training",
            once("data.AWS_ACCESS_KEY_ID"),
            {"stale_secrets": frozenset({"training"})},
            [RefreshSecret("training", EDITED)],
            id="a key",
        ),
        pytest.param(
            "training",
            again("data.AWS_ACCESS_KEY_ID"),
            {"stale_secrets": frozenset({"training"})},
            [],
            id="a key that comes back",
        ),
        pytest.param(
            "training",
            Drift(corrected=EDITED),
            {"stale_secrets": frozenset({"training"})},
            [RefreshSecret("training", EDITED)],
            id="a rotated key goes out, whoever wrote before",
        ),
    ],
)
def test_what_is_written(
    child: str, drift: Drift, about: dict[str, Any], actions: list[Action]
) -> None:
    wanted = about.get("deployment") or deployment(3, PLAIN)
    observed: Observed = serving(3, **{"drifts": {child: drift}, **about, "deployment": wanted})
    plan = given.decided(PLAIN, observed)
    found = [*plan.secrets, *plan.rollout.actions]
    assert found == actions
    noted = [getattr(item, "corrected", ()) for item in found]
    assert noted == [getattr(item, "corrected", ()) for item in actions]
    told = (*plan.contested, *plan.rollout.contested)
    assert bool(told) is (drift.contested or drift.rival_came_back)


@pytest.mark.parametrize(
    ("about", "told"),
    [
        pytest.param(TWO_PODS, True, id="of two pods"),
        pytest.param({"budget": TWO_PODS["budget"]}, False, id="of one, which is to go"),
    ],
)
def test_who_else_writes_a_budget_is_told_where_it_is_wanted(
    about: dict[str, Any], told: bool
) -> None:
    observed = serving(3, drifts={"PodDisruptionBudget": again("spec.maxUnavailable")}, **about)
    assert bool(given.decided(PLAIN, observed).rollout.contested) is told
