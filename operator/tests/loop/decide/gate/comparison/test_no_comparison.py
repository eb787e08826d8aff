"""Promote?: a run that found that its model and the champion cannot be compared is believed. No Job
finds it out again.
"""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.decisions import PromoteDecision
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation
from given import compared, contract, registry, version

PLAIN, OTHER_GATE = given.resource(), given.resource(promotion={"minimum": 0.5})
IMPOSSIBLE = Failure(Reason.EVALUATION_FAILED, "EvaluationImpossible: No image is left.")


def promotion(resource: Resource, ours: tuple[str, ...] = ("a", "b")) -> PromoteDecision:
    observed = given.serving(
        3,
        registry=registry(version(3), version(4, verdict=""), champion=3),
        artifacts={
            3: replace(contract(), classes=("a", "b")),
            4: replace(contract(), classes=ours),
        },
        comparisons={compared(): IMPOSSIBLE},
    )
    return decide(resource, observed, given.place(resource)).promote


@pytest.mark.parametrize(
    "resource", [pytest.param(PLAIN, id="at first"), pytest.param(OTHER_GATE, id="under new rules")]
)
def test_no_job_is_started_for_what_the_run_could_not_compare(resource: Resource) -> None:
    decision = promotion(resource)
    assert not any(isinstance(action, StartEvaluation) for action in decision.actions)
    assert decision.waiting is not None
    assert decision.waiting.reason is Reason.EVALUATION_FAILED
    assert "No image is left." in (decision.message or "")


def test_models_without_a_shared_class_are_judged_by_their_own_figures() -> None:
    decision = promotion(PLAIN, ours=("c", "d"))
    assert decision.waiting is None
    assert decision.actions
