"""Promoted: where two facts hold at once, the one that stands first is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.decide.plan.children import ApplyService
from dandelion_operator.loop.decide.plan.decisions import (
    PromoteDecision,
    RolloutDecision,
)
from dandelion_operator.loop.decide.plan.versions import SetAlias
from dandelion_operator.loop.report.conditions.promoted import promoted
from dandelion_operator.seen.comparison import ClassFigures
from dandelion_operator.seen.observed import Observed
from given import contract, registry, serving, version
from given.report.conditions import (
    AWAY,
    COMPARE,
    GONE,
    LOST,
    MLFLOW_AWAY,
    NO_ALIAS,
    PLAIN,
    REFUSED_KEYS,
    SETTLED,
    SUSPENDED,
    TARGET,
    refused,
)


def newest(verdict: str, champion: int | None = 3) -> Observed:
    new = version(4, verdict=verdict, verdict_reason="the words")
    return serving(3, registry=registry(version(3), new, champion=champion))


SILENT = replace(
    contract(), by_class={f"class{number}": ClassFigures(9, 0.0, 0) for number in range(7)}
)


@pytest.mark.parametrize(
    ("observed", "wanted", "about", "refusals", "told"),
    [
        pytest.param(
            serving(3, registry=MLFLOW_AWAY),
            PLAIN,
            {"promote": PromoteDecision(waiting=LOST)},
            (),
            ("Unknown", "RegistryUnreachable", "no answer of MLflow"),
            id="MLflow away before what it lost",
        ),
        pytest.param(
            newest("rejected"),
            PLAIN,
            {
                "promote": PromoteDecision(waiting=LOST),
                "rollout": RolloutDecision(TARGET, GONE),
            },
            (),
            ("Unknown", "RegistryLost", "MLflow lost it"),
            id="a lost registry before a broken champion",
        ),
        pytest.param(
            newest("rejected"),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, GONE)},
            refused(COMPARE),
            ("False", "ArtifactRejected", "gone"),
            id="a broken champion before a refusal",
        ),
        pytest.param(
            newest(""),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, AWAY)},
            refused(COMPARE, name_taken=True),
            ("Unknown", "NameTaken", "refused 1"),
            id="a name that is taken before a refusal",
        ),
        pytest.param(
            newest("rejected"),
            PLAIN,
            {},
            refused(ApplyService(), COMPARE),
            (
                "Unknown",
                "EvaluationRunning",
                "the Job that compares the newest version with the champion is refused: refused 2",
            ),
            id="a refused comparison before a verdict",
        ),
        pytest.param(
            newest("rejected"),
            PLAIN,
            {},
            refused(ApplyService(), SetAlias("champion", 4)),
            ("Unknown", "RegistryUnreachable", "tried again: refused 2"),
            id="a refused write before a verdict",
        ),
        pytest.param(
            newest("rejected"),
            PLAIN,
            {},
            refused(ApplyService(), name_taken=True),
            ("False", "GateFailed", "version 4: the words; version 3 stays the champion"),
            id="what serving lacks is told elsewhere",
        ),
        pytest.param(
            newest("rejected", champion=None),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, NO_ALIAS)},
            (),
            ("False", "GateFailed", "version 4: the words; version 3 goes on serving"),
            id="a verdict before a missing alias",
        ),
        pytest.param(
            newest(""),
            SUSPENDED,
            {"promote": PromoteDecision("waits", waiting=AWAY)},
            (),
            (
                "Unknown",
                "Suspended",
                "version 4 is judged once spec.suspend is false; version 3 stays the champion",
            ),
            id="suspension before what is waited for",
        ),
        pytest.param(
            newest("promoting"),
            SUSPENDED,
            {},
            (),
            (
                "Unknown",
                "Suspended",
                "version 4 is promoted once spec.suspend is false; version 3 stays the champion",
            ),
            id="a promotion that was begun waits too",
        ),
        pytest.param(
            newest(""),
            PLAIN,
            {"promote": PromoteDecision("waits", waiting=AWAY)},
            (),
            ("Unknown", "StorageUnreachable", "waits; version 3 stays the champion"),
            id="what is waited for before the champion",
        ),
        pytest.param(
            newest(""),
            PLAIN,
            {"promote": PromoteDecision("waits", waiting=GONE)},
            (),
            ("False", "ArtifactRejected", "waits; version 3 stays the champion"),
            id="broken files are no matter of time",
        ),
        pytest.param(
            replace(newest("rejected", champion=None), deployment=None),
            PLAIN,
            {"rollout": RolloutDecision(None, NO_ALIAS)},
            (),
            ("False", "GateFailed", "version 4: the words"),
            id="a verdict where nothing was ever deployed",
        ),
        pytest.param(
            newest("promoted"),
            SUSPENDED,
            {},
            (),
            ("True", "VersionPromoted", "version 3 is the champion"),
            id="what served and was taken back waits for no suspension to end",
        ),
        pytest.param(
            newest("rejected", champion=4),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, AWAY)},
            (),
            ("True", "VersionPromoted", "version 4 is the champion"),
            id="the champion itself before any verdict or obstacle",
        ),
        pytest.param(
            serving(3, registry=registry(version(3))),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, NO_ALIAS)},
            (),
            ("False", "AliasMissing", "no version has the alias"),
            id="an obstacle before nothing",
        ),
        pytest.param(
            serving(3, registry=registry(version(3))),
            PLAIN,
            {"rollout": RolloutDecision(TARGET, REFUSED_KEYS)},
            (),
            ("Unknown", "CredentialsRejected", "refused"),
            id="an obstacle that is no verdict",
        ),
        pytest.param(
            serving(3, registry=registry()),
            PLAIN,
            {},
            (),
            ("False", "NoVersion", "no version has been registered yet"),
            id="nothing at all",
        ),
        pytest.param(
            serving(3, artifacts={3: SILENT}),
            PLAIN,
            {},
            (),
            (
                "True",
                "VersionPromoted",
                "version 3 is the champion; classes that it gave to no holdout image: class0, "
                "class1, class2, class3, class4 and 2 more",
            ),
            id="classes that it never gives",
        ),
    ],
)
def test_promoted(
    observed: Observed,
    wanted: Resource,
    about: dict[str, Any],
    refusals: tuple[Refusal, ...],
    told: tuple[str, str, str],
) -> None:
    assert promoted(wanted, observed, replace(SETTLED, **about), refusals) == told
