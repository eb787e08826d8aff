"""Conditions: where two facts hold at once, the one that stands first is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import ConditionType, RunState
from dandelion_operator.loop.decide.plan import (
    Action,
    ApplyService,
    PromoteDecision,
    RefreshSecret,
    Refusal,
    RolloutDecision,
    SetAlias,
    StartEvaluation,
    StartTraining,
    TrainDecision,
    TrainingPhase,
)
from dandelion_operator.loop.report.conditions.accepted import accepted
from dandelion_operator.loop.report.conditions.promoted import promoted
from dandelion_operator.loop.report.conditions.ready import ready
from dandelion_operator.loop.report.conditions.rolled_out import rolled_out
from dandelion_operator.loop.report.conditions.trained import trained
from dandelion_operator.seen.comparison import ClassFigures
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import Answer
from given import contract, deployment, pod, registry, serving, status, version

PLAIN = given.resource()
SUSPENDED = given.resource(suspend=True)
NONE_WANTED = given.resource(serving={"replicas": 0})
SETTLED = given.decided(PLAIN, serving(3))
TARGET = version(3).target
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")
REFUSED_KEYS = Failure(Reason.CREDENTIALS_REJECTED, "refused")
NO_ALIAS = Failure(Reason.ALIAS_MISSING, "no version has the alias")
MLFLOW_AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer of MLflow")
LOST = Failure(Reason.REGISTRY_LOST, "MLflow lost it")
PULLING = Failure(Reason.IMAGE_PULL_FAILED, "no such image")
TRAIN = StartTraining("run4", "hash", "Created", "images-1", "none")
COMPARE = StartEvaluation("e", "d", TARGET, TARGET, "run4", "gate")


def refused(*actions: Action, name_taken: bool = False) -> tuple[Refusal, ...]:
    return tuple(
        Refusal(action, f"refused {number}", True, name_taken)
        for number, action in enumerate(actions, 1)
    )


def last(state: RunState = RunState.RUNNING, **about: Any) -> LastRun:
    return LastRun("run4", "hash", state, **about)


@pytest.mark.parametrize(
    ("phase", "run", "refusals", "told"),
    [
        pytest.param(
            TrainingPhase.COMPLETE,
            None,
            refused(TRAIN, RefreshSecret("training"), name_taken=True),
            ("False", "NameTaken", "refused 1"),
            id="a name that is taken before a refusal",
        ),
        pytest.param(
            TrainingPhase.COMPLETE,
            None,
            refused(TRAIN),
            ("Unknown", "TrainingPending", "the Job is refused: refused 1"),
            id="a refused Job before what was decided",
        ),
        pytest.param(
            TrainingPhase.COMPLETE,
            None,
            refused(RefreshSecret("inference"), RefreshSecret("training"), name_taken=True),
            ("Unknown", "TrainingPending", "a Secret is refused: refused 2"),
            id="only training's own Secret",
        ),
        pytest.param(
            TrainingPhase.FOLLOW,
            last(waiting=PULLING),
            (),
            ("Unknown", "TrainingRunning", "run run4: 0%"),
            id="a run that runs waits for nothing",
        ),
        pytest.param(
            TrainingPhase.FOLLOW,
            last(RunState.PENDING, waiting=PULLING, message="words"),
            (),
            ("Unknown", "ImagePullFailed", "no such image"),
            id="what a pod waits for before a message",
        ),
        pytest.param(
            TrainingPhase.FOLLOW,
            last(RunState.PENDING, message="words"),
            (),
            ("Unknown", "TrainingPending", "words"),
            id="a message before what is always so",
        ),
        pytest.param(
            TrainingPhase.FOLLOW,
            last(RunState.PENDING),
            (),
            ("Unknown", "TrainingPending", "waiting for its pod to start"),
            id="a pod that is to start",
        ),
        pytest.param(
            TrainingPhase.HELD_BACK,
            last(RunState.FAILED, reason="StorageUnreachable", message="refused"),
            (),
            (
                "Unknown",
                "TrainingPending",
                "StorageUnreachable: refused; it is attempted again after this is over: decided",
            ),
            id="a run that may be repeated has not failed",
        ),
        pytest.param(
            TrainingPhase.HELD_BACK,
            last(RunState.FAILED, reason="TooFewClasses", message="one"),
            (),
            ("False", "TrainingFailed", "TooFewClasses: one"),
            id="a failure before what holds the next run back",
        ),
        pytest.param(
            TrainingPhase.HELD_BACK,
            last(RunState.FAILED),
            (),
            ("False", "TrainingFailed", "InternalError: the run failed"),
            id="a failure without words",
        ),
        pytest.param(
            TrainingPhase.HELD_BACK,
            last(RunState.SUCCEEDED),
            (),
            ("Unknown", "NotStarted", "decided"),
            id="nothing failed",
        ),
        pytest.param(
            TrainingPhase.FOLLOW,
            last(attempts=2),
            (),
            ("Unknown", "TrainingRunning", "run run4, attempt 2: 0%"),
            id="a second attempt is counted",
        ),
    ],
)
def test_trained(
    phase: TrainingPhase,
    run: LastRun | None,
    refusals: tuple[Refusal, ...],
    told: tuple[str, str, str],
) -> None:
    plan = replace(SETTLED, train=TrainDecision(phase, "decided"))
    assert trained(serving(3), plan, run, refusals) == told


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
            serving(
                3,
                deployment=deployment(
                    3, available=0, deadline_exceeded=True, paused_by="you", refused="a quota"
                ),
                pods=(pod(3, ready=False, reason="ImagePullBackOff", permanent=True),),
            ),
            PLAIN,
            {},
            (
                "False",
                "ArtifactRejected",
                f"{UNFINISHED}; pod lawn-inference-3: ImagePullBackOff",
            ),
            id="a pod that never can before who paused it",
        ),
        pytest.param(
            serving(
                3,
                deployment=deployment(3, available=0, deadline_exceeded=True, paused_by="you"),
                pods=(),
            ),
            PLAIN,
            {},
            (
                "False",
                "Paused",
                "the Deployment lawn-inference is paused by you, so no other version is rolled "
                "out until kubectl rollout resume deployment/lawn-inference; " + UNFINISHED,
            ),
            id="who paused it before the deadline",
        ),
        pytest.param(
            serving(
                3,
                deployment=deployment(3, available=0, deadline_exceeded=True, refused="a quota"),
                pods=(),
            ),
            PLAIN,
            {},
            ("False", "ProgressDeadlineExceeded", f"{UNFINISHED}; a quota"),
            id="the deadline before what it waits for",
        ),
        pytest.param(
            serving(
                3,
                deployment=deployment(3, available=0, refused="a quota", evicted="disk"),
                pods=(pod(3, ready=False, reason="ImagePullBackOff"),),
            ),
            PLAIN,
            {},
            (
                "Unknown",
                "ImagePullFailed",
                f"{UNFINISHED}; pod lawn-inference-3: ImagePullBackOff",
            ),
            id="a pod's own words before a refusal",
        ),
        pytest.param(
            serving(
                3, deployment=deployment(3, available=0, refused="a quota", evicted="disk"), pods=()
            ),
            PLAIN,
            {},
            ("Unknown", "PodsRefused", f"{UNFINISHED}; a quota"),
            id="a refusal before an eviction",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, available=0, evicted="disk"), pods=()),
            PLAIN,
            {},
            ("Unknown", "Evicted", f"{UNFINISHED}; a pod was evicted: disk"),
            id="an eviction",
        ),
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
    ],
)
def test_rolled_out(
    observed: Observed, wanted: Resource, decided: dict[str, Any], told: tuple[str, str, str]
) -> None:
    assert rolled_out(wanted, observed, replace(SETTLED, **decided), ()) == told


YES = ("True", Reason.VALID, "")
CHAIN = {
    ConditionType.ACCEPTED: ("False", Reason.DATASET_EMPTY, "accepted"),
    ConditionType.TRAINED: ("False", Reason.TRAINING_FAILED, "trained"),
    ConditionType.PROMOTED: ("False", Reason.GATE_FAILED, "promoted"),
    ConditionType.ROLLED_OUT: ("False", Reason.NAME_TAKEN, "rolled out"),
}
WAS_READY = status(
    conditions=[
        {
            "type": "Ready",
            "status": "True",
            "reason": "Serving",
            "message": "as before",
            "lastTransitionTime": given.NOW,
        }
    ]
)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        pytest.param(tuple(CHAIN), "accepted", id="all"),
        pytest.param(tuple(CHAIN)[1:], "trained", id="but Accepted"),
        pytest.param(tuple(CHAIN)[2:], "promoted", id="only Promoted and RolledOut"),
        pytest.param(tuple(CHAIN)[3:], "rolled out", id="only RolledOut"),
    ],
)
def test_nothing_answers_because_of_the_earliest_that_does_not_hold(
    broken: tuple[ConditionType, ...], words: str
) -> None:
    others = {kind: CHAIN[kind] if kind in broken else YES for kind in CHAIN}
    found = ready(PLAIN, serving(3, deployment=None, answer=None), SETTLED, others)
    assert (found[0], found[2]) == ("False", words)


@pytest.mark.parametrize(
    ("observed", "wanted", "rolled", "told"),
    [
        pytest.param(
            serving(3, previous=WAS_READY, answer=Answer(None, pending=True)),
            NONE_WANTED,
            YES,
            ("False", "ScaledToZero", "serving.replicas is 0: nothing answers"),
            id="no replica is wanted, whatever was told before",
        ),
        pytest.param(
            serving(3, previous=WAS_READY, answer=Answer(3, pending=True)),
            PLAIN,
            YES,
            ("True", "Serving", "as before"),
            id="while it is asked, what was told before",
        ),
        pytest.param(
            serving(3, answer=Answer(None, "refused")),
            PLAIN,
            CHAIN[ConditionType.ROLLED_OUT],
            ("False", "NameTaken", "rolled out"),
            id="what holds the rollout up before an answer's own words",
        ),
        pytest.param(
            serving(3, answer=Answer(2)),
            PLAIN,
            YES,
            ("False", "NotAnswering", "the Service answers with version 2, another one"),
            id="another version than the one that is rolled out",
        ),
        pytest.param(
            serving(3, answer=None),
            PLAIN,
            YES,
            ("False", "NotAnswering", "no replica is ready"),
            id="nobody there to answer",
        ),
        pytest.param(
            serving(3, previous=WAS_READY, answer=Answer(2)),
            PLAIN,
            YES,
            ("True", "Serving", "version 2 answers"),
            id="an answer is an answer, where it was ready before",
        ),
    ],
)
def test_ready(
    observed: Observed,
    wanted: Resource,
    rolled: tuple[str, Reason, str],
    told: tuple[str, str, str],
) -> None:
    others = {**dict.fromkeys(CHAIN, YES), ConditionType.ROLLED_OUT: rolled}
    assert ready(wanted, observed, SETTLED, others) == told


def test_a_listing_that_goes_on_is_neither_yes_nor_no() -> None:
    listing = Failure(Reason.DATASET_LISTING, "listing")
    decided = given.decided(PLAIN, given.seen(dataset=listing))
    assert accepted(decided.acceptance, None) == ("Unknown", "DatasetListing", "listing")
