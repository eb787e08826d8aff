"""Roll out?: what serves, what is to serve, and what never restarts a pod."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.children import (
    AdjustDeployment,
    ApplyDeployment,
    ApplyService,
)
from dandelion_operator.loop.decide.rollout.children import roll_out
from dandelion_operator.seen.observed import Observed
from given import contract, deployment, registry, seen, service, serving, status, version

PLAIN = given.resource()
ASKING = given.resource(serving={"auth": "ClusterTokens"})
OWN_KEYS = given.resource(storage={"secretRef": {"name": "keys"}})
NO_SECRET = Failure(Reason.SECRET_MISSING, "there is no Secret keys")
GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")
STORAGE_AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
# The digest of pods that asked the API server who calls, by the release that made them so.
ASKED_THE_API_SERVER = "2997cc95c0e05546"
MLFLOW_AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")


def in_words(resource: Resource, observed: Observed) -> list[str]:
    words = []
    for action in roll_out(resource, observed, given.place(resource)).actions:
        match action:
            case ApplyService():
                words.append("service")
            case ApplyDeployment(target):
                words.append(f"serve {target.version}")
            case AdjustDeployment():
                words.append(f"scale to {action.replicas}")
    return words


def moved_to(number: int, artifact: object = None, **about: object) -> Observed:
    versions = tuple(version(item) for item in (2, 3, 4))
    return serving(
        3,
        **{
            "registry": registry(*versions, champion=number),
            "artifacts": {number: artifact or contract()},
        }
        | about,
    )


@pytest.mark.parametrize(
    ("resource", "observed", "actions", "obstacle"),
    [
        pytest.param(PLAIN, seen(), [], Reason.NO_VERSION, id="nothing to serve yet"),
        pytest.param(
            PLAIN,
            seen(registry=registry(version(1), champion=1), artifacts={1: contract()}),
            ["service", "serve 1"],
            None,
            id="serves the first champion",
        ),
        pytest.param(PLAIN, serving(3), [], None, id="leaves alone what serves"),
        pytest.param(PLAIN, moved_to(4), ["serve 4"], None, id="follows the alias forwards"),
        pytest.param(PLAIN, moved_to(2), ["serve 2"], None, id="follows the alias back"),
        pytest.param(
            PLAIN,
            moved_to(4, GONE),
            [],
            Reason.ARTIFACT_REJECTED,
            id="keeps v3 serving when v4's artifact is gone",
        ),
        pytest.param(
            PLAIN,
            moved_to(4, STORAGE_AWAY),
            [],
            Reason.STORAGE_UNREACHABLE,
            id="keeps v3 serving when v4 cannot be looked at",
        ),
        pytest.param(
            PLAIN,
            moved_to(9),
            [],
            Reason.ALIAS_MISSING,
            id="keeps v3 serving when the alias names nothing",
        ),
        pytest.param(
            PLAIN,
            serving(3, registry=registry(version(3))),
            [],
            Reason.ALIAS_MISSING,
            id="keeps v3 serving when the alias is gone",
        ),
        pytest.param(
            PLAIN,
            serving(3, registry=MLFLOW_AWAY),
            [],
            Reason.REGISTRY_UNREACHABLE,
            id="keeps v3 serving while MLflow is away",
        ),
        pytest.param(
            PLAIN,
            serving(3, artifacts={3: GONE}),
            [],
            None,
            id="does not touch v3 because its own artifact went away later",
        ),
        pytest.param(
            given.resource(serving={"replicas": 3}),
            serving(3),
            ["scale to 3"],
            None,
            id="scales without a new pod template",
        ),
        pytest.param(
            given.resource(serving={"replicas": 3}),
            serving(3, registry=MLFLOW_AWAY),
            ["scale to 3"],
            Reason.REGISTRY_UNREACHABLE,
            id="scales while MLflow is away",
        ),
        pytest.param(
            given.resource(serving={"resources": {"limits": {"memory": "2Gi"}}}),
            serving(3),
            ["serve 3"],
            None,
            id="rolls out other resources",
        ),
        pytest.param(
            PLAIN,
            serving(3, deployment=deployment(3, target=version(2).target)),
            ["serve 3"],
            None,
            id="puts back a pod template that was edited by hand",
        ),
        pytest.param(
            PLAIN,
            serving(3, service=None),
            ["service"],
            None,
            id="puts back a Service that was deleted",
        ),
        pytest.param(
            PLAIN,
            moved_to(4, deployment=deployment(3, ours=False)),
            [],
            Reason.NAME_TAKEN,
            id="touches nobody else's Deployment",
        ),
        pytest.param(
            PLAIN,
            moved_to(4, service=service(ours=False)),
            [],
            Reason.NAME_TAKEN,
            id="touches nobody else's Service",
        ),
        pytest.param(
            ASKING,
            serving(3),
            ["serve 3"],
            None,
            id="tells pods whom to ask who calls",
        ),
        pytest.param(
            ASKING,
            serving(3, deployment=deployment(3, ASKING, serving_digest=ASKED_THE_API_SERVER)),
            ["serve 3"],
            None,
            id="replaces pods of a former release that ask the API server",
        ),
        pytest.param(
            ASKING,
            serving(3, deployment=deployment(3, ASKING)),
            [],
            None,
            id="leaves alone what serves and knows whom to ask",
        ),
        pytest.param(
            OWN_KEYS,
            serving(3, credentials=NO_SECRET),
            [],
            Reason.SECRET_MISSING,
            id="makes no pods that could not mount their keys",
        ),
        pytest.param(
            given.resource(serving={"replicas": 3}),
            serving(3, credentials=NO_SECRET),
            ["scale to 3"],
            None,
            id="scales pods that serve while a Secret is missing",
        ),
    ],
)
def test_roll_out(
    resource: Resource, observed: Observed, actions: list[str], obstacle: Reason | None
) -> None:
    decision = roll_out(resource, observed, given.place(resource))
    assert in_words(resource, observed) == actions
    assert (decision.obstacle.reason if decision.obstacle else None) == obstacle


def test_a_new_default_image_restarts_no_pod() -> None:
    upgraded = replace(given.DEFAULTS, inference_image="inference:2")
    target = version(3).target
    before = builders.deployment(PLAIN, target, given.place(), given.DEFAULTS)
    after = builders.deployment(PLAIN, target, given.place(), upgraded)
    digest = "dandelion.dev/serving-digest"
    assert before["metadata"]["annotations"][digest] == after["metadata"]["annotations"][digest]
    assert in_words(PLAIN, serving(3)) == []


def test_what_the_status_says_does_not_decide_what_serves() -> None:
    assert in_words(PLAIN, serving(3, previous=status())) == []
