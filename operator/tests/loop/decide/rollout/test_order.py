"""Roll out?: of two obstacles the first is told, and what decides between two writes."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.location import Defaults
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan.children import (
    AdjustDeployment,
    ApplyDeployment,
    ApplyService,
)
from dandelion_operator.loop.decide.plan.decisions import RolloutDecision
from dandelion_operator.seen.drift import Drift
from dandelion_operator.seen.observed import Observed
from given import deployment, registry, seen, service, serving, version

PLAIN = given.resource()
ASKING = given.resource(serving={"auth": "ClusterTokens"})
AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
NO_KEYS = Failure(Reason.SECRET_MISSING, "no Secret mine")
FORMER = deployment(3, serving_digest="former")
RIVAL = ("elsewhere",)


def rolled(
    observed: Observed, resource: Resource = PLAIN, defaults: Defaults = given.DEFAULTS
) -> RolloutDecision:
    return given.decided(resource, observed, defaults).rollout


@pytest.mark.parametrize(
    ("resource", "about", "reason", "words"),
    [
        pytest.param(
            ASKING,
            {"deployment": deployment(3, ASKING, ours=False)},
            Reason.NAME_TAKEN,
            "the Deployment lawn-inference belongs to somebody else",
            id="a foreign object before who would be asked",
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
            {"deployment": deployment(3, ASKING)},
            Reason.AUTH_UNAVAILABLE,
            "this installation has no token reviewer",
            id="nobody to ask who calls",
        ),
        pytest.param(
            ASKING,
            {"deployment": FORMER, "credentials": NO_KEYS},
            Reason.AUTH_UNAVAILABLE,
            "this installation has no token reviewer",
            id="nobody to ask before keys",
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
    found = rolled(serving(3, **about), resource, given.WITHOUT_REVIEWER)
    assert found.obstacle is not None
    assert found.obstacle.reason is reason
    assert found.obstacle.message.startswith(words)
    assert found.actions == ()


def test_who_asks_nobody_who_calls_needs_nobody_to_ask() -> None:
    found = rolled(serving(3), defaults=given.WITHOUT_REVIEWER)
    assert (found.obstacle, found.actions) == (None, ())


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
