"""status.champion and status.challenger: which version is told, and what is kept while unseen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.status.versions import Challenger, Champion
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.decide.plan.decisions import RolloutDecision
from dandelion_operator.loop.report.versions import challenger, champion
from dandelion_operator.seen.observed import Observed
from given import contract, deployment, pod, registry, resource, seen, serving, status, version
from given.report.conditions import GONE, MLFLOW_AWAY, SETTLED, TARGET

FOLLOWS = replace(SETTLED, rollout=RolloutDecision(TARGET))
KNOWN = {
    "version": "3",
    "runId": "mlflow-then",
    "run": "run-then",
    "metrics": {"accuracy": 0.5},
    "servedReplicas": 9,
}
WAS_3 = status(champion=KNOWN)
WAS_2 = status(champion={"version": "2", "servedReplicas": 9, "metrics": {"accuracy": 0.5}})
UNDER_WAY = {
    "deployment": deployment(3, available=0),
    "pods": (pod(2), pod(2, ready=False), pod(2, deleting=True), pod(3), pod(3)),
}


@pytest.mark.parametrize(
    ("observed", "plan", "fields"),
    [
        pytest.param(
            serving(3, previous=WAS_2, **UNDER_WAY),
            FOLLOWS,
            {"version": "2", "served_replicas": 1, "metrics": {"accuracy": 0.5}},
            id="the former one, while something of it is left",
        ),
        pytest.param(
            serving(3, previous=WAS_3, **UNDER_WAY),
            FOLLOWS,
            {"version": "3", "served_replicas": 2, "run": "run3"},
            id="the one that was told, while a replica is replaced",
        ),
        pytest.param(
            serving(3, previous=WAS_2),
            FOLLOWS,
            {
                "version": "3",
                "run_id": "mlflow-3",
                "run": "run3",
                "metrics": {"accuracy": 0.9},
                "digest": "sha256:3",
                "served_replicas": 1,
            },
            id="the new one, once nothing of the former is left",
        ),
        pytest.param(
            serving(3, previous=WAS_3, registry=MLFLOW_AWAY, artifacts={3: GONE}),
            FOLLOWS,
            {"run_id": "mlflow-then", "run": "run-then", "metrics": {"accuracy": 0.5}},
            id="what was told, while MLflow and storage are away",
        ),
        pytest.param(
            serving(3, previous=WAS_3, registry=registry(version(2), champion=2), artifacts={}),
            FOLLOWS,
            {"run_id": "mlflow-then", "run": "run-then", "metrics": {"accuracy": 0.5}},
            id="what was told of a version that MLflow knows no more",
        ),
        pytest.param(
            serving(3, previous=WAS_2, registry=MLFLOW_AWAY, artifacts={}),
            FOLLOWS,
            {"version": "3", "run_id": None, "run": None, "metrics": {}},
            id="nothing of another one",
        ),
    ],
)
def test_the_champion_that_is_told(observed: Observed, plan: Plan, fields: dict[str, Any]) -> None:
    found = champion(resource(), observed, plan)
    assert found is not None
    assert {name: getattr(found, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("observed", "target"),
    [
        pytest.param(serving(3, previous=WAS_3), None, id="nothing is to be served"),
        pytest.param(serving(3, previous=status(), **UNDER_WAY), TARGET, id="the first is coming"),
    ],
)
def test_no_champion_is_told(observed: Observed, target: Any) -> None:
    plan = replace(SETTLED, rollout=RolloutDecision(target))
    assert champion(resource(), observed, plan) is None


WAS_4 = status(challenger={"version": "4", "metrics": {"accuracy": 0.5}})


def beside(verdict: str = "rejected", alias: int | None = None, **about: Any) -> Observed:
    """Champion 3, and version 4 with a verdict."""
    found = registry(version(3), version(4, verdict=verdict), champion=3, challenger=alias)
    return seen(**({"registry": found} | about))


OLDER = registry(version(2, verdict="rejected"), version(3), champion=3, challenger=2)
NAMELESS = registry(version(3), version(4, verdict="", run_id=""), champion=3)


@pytest.mark.parametrize(
    ("observed", "serves", "fields"),
    [
        pytest.param(
            beside(artifacts={4: contract()}, previous=WAS_4),
            None,
            ("4", "mlflow-4", {"accuracy": 0.9}, "rejected"),
            id="a newer version",
        ),
        pytest.param(
            beside(previous=WAS_4, artifacts={4: GONE}),
            None,
            ("4", "mlflow-4", {"accuracy": 0.5}, "rejected"),
            id="a newer version that cannot be read, as it was told",
        ),
        pytest.param(
            beside(previous=status(challenger={"version": "5", "metrics": {"accuracy": 0.5}})),
            None,
            ("4", "mlflow-4", {}, "rejected"),
            id="nothing of another one",
        ),
        pytest.param(
            seen(registry=NAMELESS), None, ("4", None, {}, None), id="neither run nor verdict"
        ),
        pytest.param(
            seen(registry=OLDER),
            None,
            ("2", "mlflow-2", {}, "rejected"),
            id="older, by alias",
        ),
        pytest.param(
            beside("promoted", alias=4), None, ("4", "mlflow-4", {}, "promoted"), id="named again"
        ),
        pytest.param(
            seen(registry=MLFLOW_AWAY, previous=WAS_4),
            None,
            ("4", None, {"accuracy": 0.5}, None),
            id="as it was told, while MLflow is away",
        ),
        pytest.param(beside("promoted"), None, None, id="it served and somebody rolled it back"),
        pytest.param(beside("restored"), None, None, id="it was restored and rolled back"),
        pytest.param(beside(), Champion(version="5"), None, id="older than what still serves"),
        pytest.param(beside(), Champion(version="4"), None, id="what still serves"),
        pytest.param(
            seen(registry=registry(version(3), champion=3)), None, None, id="the champion"
        ),
        pytest.param(
            seen(registry=registry(version(3), champion=3, challenger=3)),
            None,
            None,
            id="the champion by both aliases",
        ),
        pytest.param(
            seen(registry=registry(version(3), version(4, training_hash="x"), champion=3)),
            None,
            None,
            id="a version for another spec",
        ),
        pytest.param(
            seen(
                registry=registry(
                    version(2, verdict="rejected"), version(3, training_hash="x"), champion=3
                )
            ),
            None,
            None,
            id="a version for this spec, older than the champion",
        ),
    ],
)
def test_the_challenger_that_is_told(
    observed: Observed, serves: Champion | None, fields: tuple[Any, ...] | None
) -> None:
    found: Challenger | None = challenger(resource(), observed, serves)
    told = found and (found.version, found.run_id, found.metrics, found.verdict)
    assert told == fields
