"""Every message, read by somebody in that situation: it claims no service where nothing serves."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import given
import pytest
from dandelion_operator.api.location import Defaults
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import InvalidResource, Resource
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.decide.plan.children import (
    ApplyService,
)
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation, StartTraining
from dandelion_operator.loop.decide.plan.versions import SetVerdict
from dandelion_operator.loop.report import invalid, report
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import Answer
from dandelion_operator.seen.versions import RegistrySeen
from given import (
    compared,
    comparison,
    contract,
    deployment,
    evaluation,
    job,
    pod,
    registry,
    seen,
    service,
    status,
    training,
    version,
)

# What a message may say of service, and only where something serves.
CLAIMS = re.compile(r"goes? on serving|what serves|serves on|older replicas")
NOTHING = re.compile(r"nothing serves")
PLAIN = given.resource()
AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "MLflow at http://mlflow does not answer")
SLOW = Failure(Reason.STORAGE_UNREACHABLE, "http://s3 answers SlowDown")
GONE = Failure(Reason.ARTIFACT_REJECTED, "contract.json does not exist")
NEW = version(4, verdict="")


@dataclass(frozen=True)
class Situation:
    """What was seen besides what serves; `refused` names an action that was not carried out."""

    about: dict[str, Any]
    resource: Resource = PLAIN
    refused: type | None = None
    defaults: Defaults = given.DEFAULTS


def beside(new: Any = NEW, champion: int | None = 3, **about: Any) -> dict[str, Any]:
    return {
        "registry": registry(version(3), new, champion=champion),
        "artifacts": {3: contract(), 4: contract()},
        "comparisons": {compared(): comparison()},
    } | about


def judged(verdict: str, champion: int | None = 3) -> dict[str, Any]:
    return beside(version(4, verdict=verdict, verdict_reason="figures"), champion)


SITUATIONS = {
    "nothing was ever registered": Situation({"registry": RegistrySeen()}),
    "MLflow is away": Situation({"registry": AWAY}),
    "no alias": Situation({"registry": registry(version(3))}),
    "an alias on nothing": Situation({"registry": registry(version(3), champion=9)}),
    "the champion's version was deleted": Situation({"registry": registry(version(2))}),
    "the champion's artifact is gone": Situation(
        {"registry": registry(version(3), version(4), champion=4), "artifacts": {4: GONE}}
    ),
    "the champion's artifact cannot be read": Situation(
        {"registry": registry(version(3), version(4), champion=4), "artifacts": {4: SLOW}}
    ),
    "a former resource left a champion": Situation(
        {
            "registry": replace(registry(), left=version(2)),
            "artifacts": {2: replace(contract(), dataset_uri="s3://datasets/roses")},
        }
    ),
    "the challenger's artifact is gone": Situation(beside(artifacts={3: contract(), 4: GONE})),
    "the challenger's artifact cannot be read": Situation(
        beside(artifacts={3: contract(), 4: SLOW})
    ),
    "a first version's artifact is gone": Situation(
        {"registry": registry(version(1, verdict="")), "artifacts": {1: GONE}}
    ),
    "the champion's files are gone before a comparison": Situation(
        beside(artifacts={3: GONE, 4: contract()}, comparisons={compared(): None})
    ),
    "a comparison is under way": Situation(
        beside(comparisons={compared(): None}, evaluations=(evaluation(),))
    ),
    "a comparison failed": Situation(
        beside(
            comparisons={compared(): None},
            evaluations=(evaluation(RunState.FAILED, reason="OutOfMemory", message="more"),),
        )
    ),
    "suspended before a verdict": Situation(beside(), given.resource(suspend=True)),
    "suspended": Situation({}, given.resource(suspend=True)),
    **{
        f"{verdict}, {beside_what}": Situation(judged(verdict, champion))
        for verdict in ("rejected", "undecided", "awaiting", "observed", "passed", "promoting")
        for beside_what, champion in (
            ("beside a champion", 3),
            ("without a champion", None),
            ("beside an alias on nothing", 9),
        )
    },
    "training": Situation({"jobs": (job("run4"),)}),
    "training waits": Situation({"jobs": (job("run4", RunState.PENDING),)}),
    "training failed": Situation(
        {"previous": status(training=training("run4", "Failed", reason="TooFewClasses"))}
    ),
    "the dataset is empty": Situation({"dataset": Failure(Reason.DATASET_EMPTY, "no object")}),
    "the Secret is missing": Situation(
        {"credentials": Failure(Reason.SECRET_MISSING, "there is no Secret keys")}
    ),
    "no replica is wanted": Situation({}, given.resource(serving={"replicas": 0})),
    "the Service is somebody else's": Situation({"service": service(ours=False)}),
    "pods have nobody to ask who calls": Situation(
        {}, given.resource(serving={"auth": "ClusterTokens"}), defaults=given.WITHOUT_REVIEWER
    ),
    "the Service is refused": Situation({"service": None}, refused=ApplyService),
    "the training Job is refused": Situation(
        {"registry": registry(version(3, training_hash="earlier"), champion=3)},
        refused=StartTraining,
    ),
    "the comparison's Job is refused": Situation(
        beside(comparisons={compared(): None}), refused=StartEvaluation
    ),
    "MLflow refuses a verdict": Situation(beside(), refused=SetVerdict),
}


def something_serves(situation: Situation) -> Observed:
    wanted = max(situation.resource.spec.serving.replicas, 1)
    fields = {
        "previous": status(champion={"version": "3"}, training=training("run3")),
        "registry": registry(version(3), champion=3),
        "artifacts": {3: contract()},
        "deployment": deployment(3, replicas=wanted, available=wanted),
        "service": service(),
        "pods": (pod(3),),
        "answer": Answer(3),
    }
    return seen(**(fields | situation.about))


def nothing_serves(situation: Situation) -> Observed:
    """It was never rolled out."""
    return seen(**situation.about)


def no_replica_is_ready(situation: Situation) -> Observed:
    """It was rolled out, and no pod of it is up."""
    return replace(
        something_serves(situation),
        deployment=deployment(3, available=0),
        pods=(pod(3, ready=False),),
        answer=Answer(None, "connection refused"),
    )


def told(situation: Situation, observed: Observed) -> Status:
    plan = given.decided(situation.resource, observed, situation.defaults)
    refusals = [
        Refusal(action, "the API server refuses: quota", refused_for_good=True)
        for concern in plan.concerns
        for action in concern
        if situation.refused is not None and isinstance(action, situation.refused)
    ][:1]
    return report(situation.resource, observed, plan, refusals, given.NOW)


def messages(found: Status) -> list[str]:
    return [f"{item.type}={item.status} {item.reason}: {item.message}" for item in found.conditions]


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
@pytest.mark.parametrize("without", [nothing_serves, no_replica_is_ready])
def test_where_nothing_serves_no_message_says_that_something_does(
    situation: Situation, without: Any
) -> None:
    found = told(situation, without(situation))
    assert [item for item in messages(found) if CLAIMS.search(item)] == []
    ready = next(item for item in found.conditions if item.type == "Ready")
    assert ready.status == "False"
    assert ready.message


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
def test_where_something_serves_no_message_says_that_nothing_does(situation: Situation) -> None:
    found = told(situation, something_serves(situation))
    assert [item for item in messages(found) if NOTHING.search(item)] == []


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
@pytest.mark.parametrize("where", [something_serves, nothing_serves, no_replica_is_ready])
def test_what_is_called_the_champion_has_the_alias(situation: Situation, where: Any) -> None:
    observed = where(situation)
    found = " ".join(messages(told(situation, observed)))
    called = set(re.findall(r"version (\d+) (?:stays|is) the champion", found))
    known = observed.registry if isinstance(observed.registry, RegistrySeen) else RegistrySeen()
    champion = known.version(known.champion)
    assert called <= ({str(champion.version)} if champion is not None else set())


@pytest.mark.parametrize(
    ("previous", "status"),
    [
        (Status(), "False"),
        (
            status(
                conditions=[
                    {
                        "type": "Ready",
                        "status": "True",
                        "reason": "Serving",
                        "message": "version 3 answers",
                        "lastTransitionTime": given.NOW,
                    }
                ]
            ),
            "True",
        ),
    ],
    ids=["nothing serves", "something serves"],
)
def test_an_invalid_spec_takes_nothing_from_what_serves(previous: Status, status: str) -> None:
    wrong = InvalidResource(PLAIN.key, "uid-1", 3, "spec.epochs: no such field")
    found = invalid(wrong, previous, given.NOW)
    ready = next(item for item in found.conditions if item.type == "Ready")
    assert ready.status == status
    assert [item for item in messages(found) if CLAIMS.search(item)] == []
