"""Promote?: the comparison that a verdict waits for, and the Job that makes a missing one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.decisions import PromoteDecision
from dandelion_operator.loop.decide.plan.jobs import (
    RemoveJob,
    StartEvaluation,
    SuspendJob,
)
from dandelion_operator.loop.decide.plan.versions import SetVerdict
from dandelion_operator.seen.observed import Observed
from given import compared, comparison, contract, evaluation, job, registry, serving, version

PLAIN = given.resource()
SUSPENDED = given.resource(suspend=True)
NEW = version(4, verdict="")
JOB = evaluation().name
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
BROKEN = Failure(Reason.EVALUATION_FAILED, "no comparison: it is cut short")


def missing(**about: Any) -> Observed:
    """Version 4 awaits its verdict, and nobody has compared it with champion 3."""
    return serving(
        3,
        **{
            "registry": registry(version(3), NEW, champion=3),
            "artifacts": {3: contract(), 4: contract()},
            "comparisons": {compared(): None},
        }
        | about,
    )


def classes(*names: str) -> Any:
    return replace(contract(), classes=names)


def promotion(resource: Resource, observed: Observed) -> PromoteDecision:
    return decide(resource, observed, given.place(resource)).promote


def in_words(decision: PromoteDecision) -> list[str]:
    words = []
    for action in decision.actions:
        match action:
            case StartEvaluation():
                words.append("compare")
            case RemoveJob():
                words.append("remove")
            case SuspendJob(_, suspend):
                words.append("suspend" if suspend else "resume")
            case SetVerdict():
                words.append(action.verdict)
    return words


RUNNING, FAILED = Reason.EVALUATION_RUNNING, Reason.EVALUATION_FAILED
ENDED = evaluation(RunState.FAILED, reason="ArtifactMissing", message="model.onnx is gone")


@pytest.mark.parametrize(
    ("resource", "observed", "actions", "reason"),
    [
        pytest.param(
            PLAIN, missing(), ["compare"], RUNNING, id="has a comparison made that is missing"
        ),
        pytest.param(
            PLAIN,
            missing(jobs=(job("run4"),)),
            [],
            RUNNING,
            id="waits for the run that may still write it",
        ),
        pytest.param(
            PLAIN,
            missing(jobs=(job("run4", RunState.SUCCEEDED),)),
            ["compare"],
            RUNNING,
            id="has it made after a run that compared with an earlier champion",
        ),
        pytest.param(
            PLAIN, missing(evaluations=(evaluation(),)), [], RUNNING, id="follows its Job"
        ),
        pytest.param(
            PLAIN,
            missing(evaluations=(evaluation(RunState.SUSPENDED),)),
            ["resume"],
            RUNNING,
            id="resumes its Job",
        ),
        pytest.param(
            PLAIN,
            missing(evaluations=(evaluation(evaluation="another"),)),
            ["compare"],
            RUNNING,
            id="takes the Job for another champion for what it is",
        ),
        pytest.param(
            PLAIN, missing(evaluations=(ENDED,)), [], FAILED, id="leaves a failed Job failed"
        ),
        pytest.param(
            PLAIN,
            missing(evaluations=(evaluation(RunState.SUCCEEDED),)),
            [],
            FAILED,
            id="does not repeat a Job that ended and wrote nothing",
        ),
        pytest.param(
            PLAIN,
            missing(evaluations=(replace(ENDED, gate="another"),)),
            ["remove"],
            RUNNING,
            id="tries a failed Job again when the gate was changed",
        ),
        pytest.param(
            PLAIN,
            missing(evaluations=(replace(ENDED, deleting=True),)),
            [],
            RUNNING,
            id="waits until a failed Job is gone",
        ),
        pytest.param(
            PLAIN,
            missing(comparisons={compared(): AWAY}),
            [],
            Reason.STORAGE_UNREACHABLE,
            id="starts nothing while the comparison cannot be looked for",
        ),
        pytest.param(
            PLAIN,
            missing(comparisons={compared(): BROKEN}),
            [],
            FAILED,
            id="tells that a comparison is broken",
        ),
        pytest.param(PLAIN, missing(comparisons={}), [], None, id="decides nothing unseen"),
        pytest.param(
            PLAIN,
            missing(artifacts={3: AWAY, 4: contract()}),
            [],
            Reason.STORAGE_UNREACHABLE,
            id="waits until the champion can be read",
        ),
        pytest.param(
            PLAIN,
            missing(artifacts={4: contract()}),
            [],
            None,
            id="waits until the champion was looked at",
        ),
        pytest.param(
            PLAIN,
            missing(artifacts={3: Failure(Reason.ARTIFACT_REJECTED, "gone"), 4: contract()}),
            [],
            Reason.ARTIFACT_REJECTED,
            id="waits for the files of a champion that is gone",
        ),
        pytest.param(
            PLAIN,
            missing(
                artifacts={3: Failure(Reason.ARTIFACT_REJECTED, "gone"), 4: contract()},
                comparisons={compared(): comparison(wins=30)},
            ),
            ["passed", "promoting"],
            None,
            id="takes a comparison that was made before the champion went",
        ),
        pytest.param(
            PLAIN,
            missing(artifacts={3: classes("a", "b"), 4: classes("c", "d")}),
            ["undecided"],
            None,
            id="compares no models without a common class",
        ),
        pytest.param(
            PLAIN,
            missing(
                registry=registry(version(3), version(4, verdict="", dataset_digest=""), champion=3)
            ),
            ["undecided"],
            None,
            id="holds a version that does not say what it learnt from",
        ),
        pytest.param(
            PLAIN,
            missing(artifacts={3: contract(), 4: contract(0.5)}),
            ["rejected"],
            None,
            id="compares no version that fails by itself",
        ),
        pytest.param(SUSPENDED, missing(), [], None, id="compares nothing while suspended"),
        pytest.param(
            SUSPENDED,
            missing(evaluations=(evaluation(),)),
            ["suspend"],
            None,
            id="suspends a comparison under way",
        ),
        pytest.param(
            SUSPENDED,
            missing(evaluations=(evaluation(RunState.SUSPENDED),)),
            [],
            None,
            id="suspends it only once",
        ),
    ],
)
def test_a_comparison(
    resource: Resource, observed: Observed, actions: list[str], reason: Reason | None
) -> None:
    decision = promotion(resource, observed)
    waiting = decision.waiting.reason if decision.waiting else None
    assert (in_words(decision), waiting) == (actions, reason)


def test_a_job_is_told_which_versions_on_which_dataset() -> None:
    (action,) = promotion(PLAIN, missing()).actions
    assert isinstance(action, StartEvaluation)
    assert action.challenger == version(4).target
    assert action.champion == version(3).target
    assert (action.dataset, action.run) == ("sha256:images", "run4")


def test_a_failed_job_is_told_with_its_cause_and_the_way_out() -> None:
    message = promotion(PLAIN, missing(evaluations=(ENDED,))).message
    assert message == (
        f"version 4 is not judged yet: the Job {JOB} compares it with champion 3: "
        "ArtifactMissing: model.onnx is gone; delete the Job to try again"
    )


@pytest.mark.parametrize(
    ("observed", "removed"),
    [
        pytest.param(
            missing(evaluations=(evaluation(),)), [], id="leaves the one that is waited for"
        ),
        pytest.param(missing(evaluations=(ENDED,)), [], id="leaves the memory of a failure"),
        pytest.param(
            missing(evaluations=(evaluation(name="former", evaluation="former"),)),
            ["former"],
            id="stops one that nobody waits for any more",
        ),
        pytest.param(
            missing(
                registry=registry(
                    version(3), version(4, verdict="promoting", replaces="3"), champion=4
                ),
                evaluations=(evaluation(),),
            ),
            [],
            id="lets one tidy up whose comparison was judged",
        ),
        pytest.param(
            missing(
                evaluations=tuple(
                    evaluation(
                        RunState.SUCCEEDED,
                        name=f"former-{number}",
                        evaluation=f"former-{number}",
                        created=f"2026-01-0{number}T00:00:00Z",
                    )
                    for number in range(1, 6)
                )
            ),
            ["former-2", "former-1"],
            id="keeps finished ones for their logs but not without end",
        ),
        pytest.param(
            missing(
                registry=Failure(Reason.REGISTRY_UNREACHABLE, "no answer"),
                evaluations=(evaluation(name="former", evaluation="former"),),
            ),
            [],
            id="stops nothing while MLflow is away",
        ),
    ],
)
def test_outlived_jobs(observed: Observed, removed: list[str]) -> None:
    tidy = decide(PLAIN, observed, given.place()).tidy
    assert [item.job for item in tidy if isinstance(item, RemoveJob)] == removed


def test_a_job_that_only_evaluates_is_no_run() -> None:
    busy = missing(evaluations=(evaluation(),))
    assert decide(PLAIN, busy, given.place()).train == decide(PLAIN, missing(), given.place()).train
