"""RolledOut: where two facts hold at once, the one that stands first is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.decide.plan.children import (
    ApplyService,
    RefreshSecret,
)
from dandelion_operator.loop.decide.plan.decisions import (
    PromoteDecision,
    RolloutDecision,
)
from dandelion_operator.loop.report.conditions.rolled_out import rolled_out
from dandelion_operator.seen.observed import Observed
from given import deployment, pod, serving
from given.report.conditions import (
    AWAY,
    COMPARE,
    GONE,
    MLFLOW_AWAY,
    NO_ALIAS,
    NONE_WANTED,
    PLAIN,
    REFUSED_KEYS,
    SETTLED,
    TARGET,
    TRAIN,
    refused,
)

UNFINISHED = "0 of 1 replicas serve version 3"


@pytest.mark.parametrize(
    ("observed", "wanted", "decided", "told"),
    [
        pytest.param(
            serving(3, deployment=None),
            PLAIN,
            {"rollout": RolloutDecision(None, NO_ALIAS)},
            ("False", "AliasMissing", "no version has the alias"),
            id="nothing is deployed, and nothing is to be",
        ),
        pytest.param(
            serving(3, deployment=None),
            PLAIN,
            {
                "rollout": RolloutDecision(None, NO_ALIAS),
                "promote": PromoteDecision("waits", waiting=AWAY),
            },
            ("Unknown", "StorageUnreachable", "waits"),
            id="what the first version waits for before its alias",
        ),
        pytest.param(
            serving(3, deployment=None),
            PLAIN,
            {
                "rollout": RolloutDecision(None, NO_ALIAS),
                "promote": PromoteDecision("waits", waiting=GONE),
            },
            ("False", "ArtifactRejected", "waits"),
            id="broken files of a first version",
        ),
        pytest.param(
            serving(3, deployment=None),
            PLAIN,
            {
                "rollout": RolloutDecision(None, NO_ALIAS),
                "promote": PromoteDecision("waits", waiting=REFUSED_KEYS),
            },
            ("False", "CredentialsRejected", "waits"),
            id="keys with which a first version cannot be read",
        ),
        pytest.param(
            serving(3, deployment=None),
            PLAIN,
            {"rollout": RolloutDecision(None, MLFLOW_AWAY), "promote": PromoteDecision("w", AWAY)},
            ("Unknown", "RegistryUnreachable", "no answer of MLflow"),
            id="MLflow before what a version waits for",
        ),
        pytest.param(
            serving(3, deployment=None),
            PLAIN,
            {"rollout": RolloutDecision(TARGET)},
            ("Unknown", "Progressing", "the Deployment is being created"),
            id="a Deployment that is being made",
        ),
        pytest.param(
            serving(3),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, NO_ALIAS)},
            ("True", "ReplicasAvailable", "1 of 1 replicas serve version 3"),
            id="what serves before a missing alias",
        ),
        pytest.param(
            serving(3, answer=None),
            PLAIN,
            {},
            ("True", "ReplicasAvailable", "1 of 1 replicas serve version 3"),
            id="what serves, before anybody was asked",
        ),
        pytest.param(
            serving(3),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, AWAY)},
            ("Unknown", "StorageUnreachable", "no answer"),
            id="a champion that cannot be read before what serves",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, NONE_WANTED), pods=()),
            NONE_WANTED,
            {},
            ("True", "ScaledToZero", "serving.replicas is 0"),
            id="no replica is wanted",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, NONE_WANTED, replicas=1)),
            NONE_WANTED,
            {},
            ("Unknown", "Progressing", "1 of 0 replicas serve version 3"),
            id="no replica is wanted, and one still leaves",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, NONE_WANTED, target=None)),
            NONE_WANTED,
            {"rollout": RolloutDecision(None, NO_ALIAS)},
            ("False", "AliasMissing", "no version has the alias"),
            id="nothing is to be served by the Deployment that is there",
        ),
    ],
)
def test_rolled_out(
    observed: Observed, wanted: Resource, decided: dict[str, Any], told: tuple[str, str, str]
) -> None:
    assert rolled_out(wanted, observed, replace(SETTLED, **decided), ()) == told


@pytest.mark.parametrize(
    ("observed", "wanted", "decided", "told"),
    [
        pytest.param(
            serving(3, deployment=deployment(3, scaled_by="keda")),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, contested=("kubectl also writes",))},
            (
                "True",
                "Contested",
                "1 of 1 replicas serve version 3; its replicas are set by keda; kubectl also "
                "writes",
            ),
            id="what is contested beside what serves",
        ),
        pytest.param(
            serving(2),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, contested=("kubectl also writes",))},
            ("False", "Contested", "kubectl also writes"),
            id="what is contested, where it keeps the champion out",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, available=0), pods=()),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, contested=("kubectl also writes",))},
            ("Unknown", "Progressing", f"{UNFINISHED}; kubectl also writes"),
            id="what is contested, while the champion is rolled out",
        ),
        pytest.param(
            serving(3, deployment=None),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, contested=("kubectl also writes",))},
            ("Unknown", "Progressing", "the Deployment is being created; kubectl also writes"),
            id="what is contested, before there is a Deployment",
        ),
        pytest.param(
            serving(2, pods=(pod(3, ready=False, reason="ImagePullBackOff"),)),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, contested=("kubectl also writes",))},
            (
                "Unknown",
                "ImagePullFailed",
                f"{UNFINISHED}; pod lawn-inference-3: ImagePullBackOff; kubectl also writes",
            ),
            id="a pod's own words before what is contested",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, available=0, scaled_by="keda"), pods=()),
            PLAIN,
            {},
            ("Unknown", "Progressing", UNFINISHED),
            id="who sets the replicas is told once they are there",
        ),
    ],
)
def test_what_is_contested_is_told_beside_what_is_so(
    observed: Observed, wanted: Resource, decided: dict[str, Any], told: tuple[str, str, str]
) -> None:
    assert rolled_out(wanted, observed, replace(SETTLED, **decided), ()) == told


@pytest.mark.parametrize(
    ("refusals", "told"),
    [
        pytest.param(
            refused(ApplyService(), RefreshSecret("inference")),
            ("False", "ChildRefused", "refused 1"),
            id="the first of two",
        ),
        pytest.param(
            refused(ApplyService(), name_taken=True),
            ("False", "NameTaken", "refused 1"),
            id="a name that is taken",
        ),
        pytest.param(
            refused(TRAIN, RefreshSecret("training"), COMPARE),
            ("Unknown", "StorageUnreachable", "no answer"),
            id="what others lack is told elsewhere",
        ),
    ],
)
def test_what_is_refused_comes_before_an_obstacle(
    refusals: tuple[Refusal, ...], told: tuple[str, str, str]
) -> None:
    plan = replace(SETTLED, rollout=RolloutDecision(TARGET, AWAY))
    assert rolled_out(PLAIN, serving(3), plan, refusals) == told
