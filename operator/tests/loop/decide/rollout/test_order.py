"""Roll out?: of two obstacles the first is told, and what decides between two writes."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan.children import (
    AdjustDeployment,
    ApplyAccount,
    ApplyDeployment,
    ApplyService,
    BindTokenReviewers,
)
from dandelion_operator.loop.decide.plan.decisions import RolloutDecision
from dandelion_operator.seen.drift import Drift
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import AccountSeen
from given import deployment, registry, seen, service, serving, version

PLAIN = given.resource()
ASKING = given.resource(serving={"auth": "ClusterTokens"})
FORBIDDEN = Failure(Reason.AUTH_UNAVAILABLE, "the operator may not bind it")
AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
NO_KEYS = Failure(Reason.SECRET_MISSING, "no Secret mine")
FORMER = deployment(3, serving_digest="former")
RIVAL = ("elsewhere",)


def rolled(observed: Observed, resource: Resource = PLAIN) -> RolloutDecision:
    return given.decided(resource, observed).rollout


@pytest.mark.parametrize(
    ("resource", "about", "reason", "words"),
    [
        pytest.param(
            ASKING,
            {"deployment": deployment(3, ASKING, ours=False), "account": FORBIDDEN},
            Reason.NAME_TAKEN,
            "the Deployment lawn-inference belongs to somebody else",
            id="a foreign object before the rights",
        ),
        pytest.param(
            PLAIN,
            {"deployment": deployment(3, ours=False), "service": service(ours=False)},
            Reason.NAME_TAKEN,
            "the Deployment lawn-inference belongs to somebody else",
            id="a foreign Deployment before a foreign Service",
        ),
        pytest.param(
            PLAIN,
            {"service": service(ours=False)},
            Reason.NAME_TAKEN,
            "the Service lawn-inference belongs to somebody else",
            id="a foreign Service alone",
        ),
        pytest.param(
            ASKING,
            {"account": AccountSeen(exists=True), "deployment": deployment(3, ASKING)},
            Reason.NAME_TAKEN,
            "the ServiceAccount lawn-inference belongs to somebody else",
            id="a foreign account",
        ),
        pytest.param(
            ASKING,
            {"account": FORBIDDEN, "deployment": deployment(3, ASKING)},
            Reason.AUTH_UNAVAILABLE,
            "the operator may not bind it",
            id="rights that cannot be given",
        ),
        pytest.param(
            ASKING,
            {"account": FORBIDDEN, "deployment": FORMER, "credentials": NO_KEYS},
            Reason.AUTH_UNAVAILABLE,
            "the operator may not bind it",
            id="rights before keys",
        ),
        pytest.param(
            PLAIN,
            {"deployment": FORMER, "credentials": NO_KEYS},
            Reason.SECRET_MISSING,
            "no Secret mine",
            id="keys that new pods could not mount",
        ),
    ],
)
def test_an_obstacle_is_told_and_nothing_is_written(
    resource: Resource, about: dict[str, Any], reason: Reason, words: str
) -> None:
    found = rolled(serving(3, **about), resource)
    assert found.obstacle is not None
    assert found.obstacle.reason is reason
    assert found.obstacle.message.startswith(words)
    assert found.actions == ()


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(FORBIDDEN, id="that cannot be read"),
        pytest.param(AccountSeen(exists=True), id="of somebody else"),
    ],
)
def test_an_account_stands_in_nobodys_way_where_no_caller_is_asked_for(account: Any) -> None:
    found = rolled(serving(3, account=account))
    assert (found.obstacle, found.actions) == (None, ())


def test_pods_get_their_rights_before_they_are_made() -> None:
    wanted = given.version(3).target
    found = rolled(
        serving(3, deployment=None, service=None, artifacts={3: given.contract()}), ASKING
    )
    assert found.actions == (
        ApplyService(),
        ApplyAccount(),
        BindTokenReviewers(),
        ApplyDeployment(wanted),
    )


def test_a_first_deployment_waits_for_its_keys_where_it_is_made() -> None:
    found = rolled(
        serving(3, deployment=None, artifacts={3: given.contract()}, credentials=NO_KEYS)
    )
    assert (found.obstacle, found.actions) == (None, (ApplyDeployment(given.version(3).target),))


def test_a_service_of_another_form_is_brought_up_to_date() -> None:
    assert rolled(serving(3, service=service(digest="former"))).actions == (ApplyService(),)


@pytest.mark.parametrize(
    ("about", "drift", "actions"),
    [
        pytest.param(
            {"wanted_replicas": 5},
            Drift(corrected=RIVAL, rival="elsewhere"),
            (),
            id="a Deployment that is fought over is not adjusted either",
        ),
        pytest.param(
            {"wanted_replicas": 5},
            Drift(),
            (AdjustDeployment(1, 600, 3),),
            id="replicas are adjusted",
        ),
        pytest.param(
            {"progress_deadline_seconds": None, "revision_history_limit": None},
            Drift(),
            (AdjustDeployment(1, 600, 3),),
            id="what is not there is set",
        ),
        pytest.param(
            {"target": given.version(2).target},
            Drift(("spec.template",), ("kubectl",), ("kubectl",)),
            (),
            id="a pod template that comes back changed is left alone",
        ),
        pytest.param(
            {"target": given.version(2).target},
            Drift(),
            (ApplyDeployment(given.version(3).target),),
            id="one that names another version is put right",
        ),
    ],
)
def test_what_becomes_of_a_deployment(
    about: dict[str, Any], drift: Drift, actions: tuple[Any, ...]
) -> None:
    observed = serving(
        3,
        deployment=deployment(3, **about),
        drifts={"Deployment": drift},
        artifacts={3: given.contract()},
    )
    assert rolled(observed).actions == actions


def test_an_adjustment_notes_only_whose_replicas_it_puts_right() -> None:
    drift = Drift(writers=("kubectl",), corrected=("former",), rival="elsewhere")
    observed = serving(3, deployment=deployment(3, wanted_replicas=5), drifts={"Deployment": drift})
    (action,) = rolled(observed).actions
    assert isinstance(action, AdjustDeployment)
    assert action.corrected == ("former",)


def test_without_a_deployment_nothing_is_kept_where_the_champion_cannot_be_read() -> None:
    found = rolled(seen(registry=registry(version(3), champion=3)))
    assert found.target is None
    assert found.obstacle == Failure(
        Reason.STORAGE_UNREACHABLE,
        "version 3 cannot be served: its artifact has not been looked at yet; nothing serves",
    )


def test_mlflow_away_is_told_before_anything_of_the_alias() -> None:
    found = rolled(seen(registry=AWAY))
    assert (found.target, found.obstacle) == (None, AWAY)
