"""Promote?: where two facts hold at once, the one that stands first in the list decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import RunState
from dandelion_operator.loop.decide.gate.compare import outlived_evaluations
from dandelion_operator.loop.decide.gate.judge.interval import score_bounds
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan import (
    Action,
    ConfirmAlias,
    PromoteDecision,
    RemoveAlias,
    RemoveJob,
    SetAlias,
    SetVerdict,
    StartEvaluation,
    SuspendJob,
)
from dandelion_operator.seen.comparison import ClassFigures
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import Suspension
from given import (
    compared,
    comparison,
    contract,
    evaluation,
    job,
    registry,
    serving,
    status,
    version,
)

PLAIN = given.resource()
SUSPENDED = given.resource(suspend=True)
OBSERVE = given.resource(promotion={"mode": "Observe"})
NEW = version(4, verdict="")
JOB = evaluation().name
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")
NOW = "2026-01-01T00:00:10Z"
OF_LEAF = replace(contract(), classes=("leaf",))
OF_MOSS = replace(contract(), classes=("moss",))


def beside(found: Any = None, **about: Any) -> Observed:
    """Version 4 waits for its verdict beside champion 3; `found` is what compares the two."""
    fields = {
        "registry": registry(version(3), NEW, champion=3),
        "artifacts": {3: contract(), 4: contract()},
        "comparisons": {compared(): found},
        "now": NOW,
    }
    return serving(3, **(fields | about))


def told(observed: Observed, resource: Resource = PLAIN) -> tuple[str, list[str]]:
    found = promote(resource, observed)
    return found.message, [in_words(action) for action in found.actions]


def in_words(action: Action) -> str:
    match action:
        case SetVerdict():
            return f"{action.version} {action.verdict}"
        case SetAlias(alias, number):
            return f"{alias}={number}"
        case SuspendJob(name, suspend):
            return f"{'suspend' if suspend else 'resume'} {name}"
        case ConfirmAlias(_, number):
            return f"the alias names {number or 'none'}"
        case RemoveAlias(alias):
            return f"no {alias}"
        case StartEvaluation():
            return f"compare, attempt {action.attempt}"
        case _:
            return repr(action)


BEGUN_AND_FOLLOWED = beside(
    comparison(),
    previous=status(champion={"version": "4"}),
    registry=registry(
        version(4, verdict="promoting"), version(5, verdict="promoting", replaces="3"), champion=4
    ),
)
BEGUN_AND_NEWER = beside(
    registry=registry(
        version(3), version(4, verdict="passed", replaces="3"), version(5, verdict="")
    ),
    artifacts={5: contract(0.1)},
)
LOST_WHILE_COMPARING = beside(
    previous=status(champion={"version": "3"}, training=given.training("run3")),
    registry=replace(registry(), restoring=True),
    evaluations=(evaluation(),),
)
GIVEN_AND_NEWER = beside(
    registry=registry(
        version(4, verdict="promoting"), version(5, verdict="promoting", replaces="3"), champion=4
    ),
)
FOLLOWED = {
    "previous": status(champion={"version": "4"}),
    "registry": registry(version(3), version(4, verdict="awaiting"), champion=4),
}


@pytest.mark.parametrize(
    ("resource", "observed", "actions"),
    [
        pytest.param(
            SUSPENDED,
            beside(evaluations=(evaluation(),), **FOLLOWED),
            [f"suspend {JOB}"],
            id="a comparison is suspended before an approval is noted",
        ),
        pytest.param(
            SUSPENDED,
            beside(**FOLLOWED),
            ["4 promoted"],
            id="an approval is noted although spec.suspend is true",
        ),
        pytest.param(
            PLAIN,
            BEGUN_AND_FOLLOWED,
            ["4 promoted"],
            id="a promotion is ended before another is taken up",
        ),
        pytest.param(
            PLAIN,
            BEGUN_AND_NEWER,
            ["4 promoting", "the alias names none", "champion=4"],
            id="a promotion is taken up before a newer version is judged",
        ),
        pytest.param(
            OBSERVE,
            beside(artifacts={3: contract(), 4: contract(0.1)}),
            ["4 observed"],
            id="Observe only writes down what it would have rejected",
        ),
        pytest.param(
            PLAIN,
            beside(comparison(), artifacts={3: contract()}),
            [],
            id="what was not looked at yet is not judged",
        ),
        pytest.param(
            PLAIN,
            beside(comparisons={}, artifacts={3: OF_LEAF, 4: OF_MOSS}),
            [],
            id="a comparison is looked for before classes are compared",
        ),
        pytest.param(
            PLAIN,
            beside(comparison(), artifacts={3: AWAY, 4: contract()}),
            [
                "4 passed",
                "the alias names 3",
                "no champion",
                "4 promoting",
                "the alias names none",
                "champion=4",
            ],
            id="a comparison that is there counts although the champion cannot be read",
        ),
        pytest.param(
            SUSPENDED,
            LOST_WHILE_COMPARING,
            [],
            id="a lost registry comes before everything",
        ),
        pytest.param(
            PLAIN,
            GIVEN_AND_NEWER,
            [],
            id="an alias that was given is told before another promotion is taken up",
        ),
        pytest.param(
            SUSPENDED,
            replace(GIVEN_AND_NEWER, evaluations=(evaluation(),)),
            [f"suspend {JOB}"],
            id="a comparison is suspended before an alias that was given is told",
        ),
        pytest.param(
            PLAIN,
            beside(
                previous=status(champion={"version": "3"}),
                registry=registry(version(3), version(4, verdict="awaiting"), champion=4),
            ),
            [],
            id="an approval is noted once it is told, and not before",
        ),
        pytest.param(
            PLAIN,
            beside(
                previous=status(champion={"version": "4"}),
                registry=registry(version(3), version(4, verdict="promoting", replaces="3")),
            ),
            ["4 promoted"],
            id="what was the champion is not made it again without its alias",
        ),
        pytest.param(
            PLAIN,
            beside(
                previous=status(champion={"version": "3"}),
                registry=registry(
                    version(3), version(4, verdict="passed", replaces="3"), champion=4
                ),
            ),
            [],
            id="a promotion that reached its alias is begun no more",
        ),
        pytest.param(
            PLAIN,
            beside(registry=replace(registry(version(3), NEW), deployed=version(3).target)),
            ["compare, attempt 1"],
            id="what serves without an alias is compared with",
        ),
        pytest.param(
            PLAIN,
            beside(artifacts={3: OF_LEAF, 4: contract()}),
            ["compare, attempt 1"],
            id="a version that lists no classes is compared",
        ),
        pytest.param(
            PLAIN,
            beside(jobs=(job("run5"),)),
            ["compare, attempt 1"],
            id="another version's run does not hold up a comparison",
        ),
        pytest.param(
            PLAIN,
            beside(jobs=(job("run4", deleting=True),)),
            ["compare, attempt 1"],
            id="a run that leaves does not hold up a comparison",
        ),
    ],
)
def test_of_two_facts_the_first_decides(
    resource: Resource, observed: Observed, actions: list[str]
) -> None:
    assert told(observed, resource)[1] == actions


def ended(state: RunState = RunState.FAILED, **about: Any) -> Observed:
    return beside(evaluations=(evaluation(state, finished=given.NOW, **about),))


@pytest.mark.parametrize(
    ("observed", "words"),
    [
        pytest.param(
            beside(artifacts={3: GONE, 4: contract()}, jobs=(job("run4"),)),
            "it cannot be compared with champion 3: gone; put its files back",
            id="a broken champion is told before a run that goes on",
        ),
        pytest.param(
            beside(
                registry=replace(registry(version(3), NEW), deployed=version(3).target),
                artifacts={3: AWAY, 4: contract()},
            ),
            "no answer",
            id="what serves without an alias is waited for where it cannot be read",
        ),
        pytest.param(
            beside(jobs=(job("run4"),), evaluations=(evaluation(deleting=True),)),
            "run run4 has not ended yet",
            id="the run is waited for before the Job",
        ),
        pytest.param(
            ended(deleting=True, reason="StorageUnreachable"),
            f"waiting until the Job {JOB} is gone",
            id="a Job that leaves is waited for before the next attempt",
        ),
        pytest.param(
            ended(reason="OutOfMemory", suspension=Suspension(ours=True)),
            f"the Job {JOB} compares it with champion 3: OutOfMemory: it failed; delete the Job",
            id="what failed is told although it was suspended",
        ),
        pytest.param(
            ended(reason="StorageUnreachable", message="refused"),
            f"the Job {JOB} failed: StorageUnreachable: refused; attempt 2 of at most 8 begins at",
            id="the next attempt is told with its cause",
        ),
        pytest.param(
            ended(reason="StorageUnreachable"),
            f"the Job {JOB} failed: StorageUnreachable: it failed; attempt 2",
            id="and without one",
        ),
        pytest.param(
            ended(RunState.SUCCEEDED),
            f"the Job {JOB} compares it with champion 3: it ended, but the comparison is not there",
            id="what ended well and left nothing is told",
        ),
        pytest.param(
            ended(),
            f"the Job {JOB} compares it with champion 3: InternalError: it failed",
            id="what left no words is told",
        ),
        pytest.param(
            beside(evaluations=(evaluation(reason="StorageUnreachable", message="waits"),)),
            f"the Job {JOB} compares it with champion 3 (waits)",
            id="what holds a Job up is told and is no end",
        ),
    ],
)
def test_what_a_version_waits_for_is_told(observed: Observed, words: str) -> None:
    message, actions = told(observed)
    assert message.startswith(f"version 4 is not judged yet: {words}")
    assert actions == []


def test_a_comparison_that_nothing_holds_up_says_no_more() -> None:
    message, _ = told(beside(evaluations=(evaluation(),)))
    assert message.endswith(f"the Job {JOB} compares it with champion 3")


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(evaluation(RunState.FAILED), id="one that ended"),
        pytest.param(evaluation(deleting=True), id="one that leaves"),
        pytest.param(
            evaluation(suspension=Suspension(ours=True, undone_by="kueue")),
            id="one that somebody let go on",
        ),
    ],
)
def test_of_comparisons_only_those_that_run_are_suspended(left: Any) -> None:
    assert promote(SUSPENDED, beside(evaluations=(left,))).actions == ()


def obsolete(name: str, state: RunState = RunState.FAILED, **about: Any) -> Any:
    return replace(evaluation(state, **about), name=name, evaluation="another")


def test_finished_comparisons_beyond_three_and_all_that_run_for_nobody_are_removed() -> None:
    found = outlived_evaluations(
        PLAIN,
        beside(
            evaluations=(
                *(obsolete(f"old-{number}") for number in range(1, 5)),
                obsolete("running", RunState.RUNNING),
                obsolete("leaving", RunState.RUNNING, deleting=True),
            )
        ),
    )
    assert found == (RemoveJob("running"), RemoveJob("old-1"))


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        pytest.param("promoting", "it passes", id="by the gate"),
        pytest.param("awaiting", "the alias champion was set by a person", id="by a person"),
    ],
)
def test_a_promotion_says_who_made_it(verdict: str, reason: str) -> None:
    found = promote(
        PLAIN,
        beside(
            previous=status(champion={"version": "4"}),
            registry=registry(
                version(3), version(4, verdict=verdict, verdict_reason="it passes"), champion=4
            ),
        ),
    )
    assert reason_of(found) == reason


def reason_of(found: PromoteDecision) -> str:
    verdict = next(item for item in found.actions if isinstance(item, SetVerdict))
    return verdict.reason


def test_a_begun_promotion_that_a_person_overtook_says_so() -> None:
    begun = version(4, verdict="promoting", replaces="3")
    found = promote(PLAIN, beside(registry=registry(version(2), begun, champion=2)))
    assert reason_of(found) == "somebody moved the alias champion to version 2 meanwhile"


def test_an_alias_that_was_given_is_told() -> None:
    told_of = promote(PLAIN, GIVEN_AND_NEWER).promotion
    assert told_of is not None
    assert told_of.version == 4


def test_the_first_version_replaces_none() -> None:
    first = beside(registry=registry(NEW))
    verdict = promote(PLAIN, first).actions[0]
    assert isinstance(verdict, SetVerdict)
    assert verdict.replaces == ""


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [
        pytest.param(0.9, "would have been promoted: accuracy", id="one that passes"),
        pytest.param(0.1, "would have been rejected: accuracy", id="one that does not"),
    ],
)
def test_observe_says_what_would_have_been(accuracy: float, words: str) -> None:
    new = beside(comparison(), artifacts={3: contract(), 4: contract(accuracy)})
    assert reason_of(promote(OBSERVE, new)).startswith(words)


def test_a_contract_without_the_metric_says_so() -> None:
    found = promote(given.resource(promotion={"metric": "macroF1"}), beside())
    assert reason_of(found) == "its contract holds no metric macroF1: rejected"


def test_images_are_counted_by_class_where_the_contract_does_not_say() -> None:
    known = replace(
        contract(0.1),
        holdout=None,
        by_class={"leaf": ClassFigures(7, 0.1), "moss": ClassFigures(5, 0.1)},
    )
    found = promote(PLAIN, beside(artifacts={3: contract(), 4: known}))
    assert "on 12 images" in reason_of(found)


def test_classes_that_only_the_comparison_found_unanswered_are_told() -> None:
    silent = replace(comparison(), never_answered=("moss",))
    assert "ever answered: moss" in reason_of(promote(PLAIN, beside(silent)))


def test_a_version_that_is_worse_is_told_so_before_it_improves_too_little() -> None:
    asking = given.resource(promotion={"minImprovement": 0.02})
    words = reason_of(promote(asking, beside(comparison(losses=40))))
    assert "worse than the champion" in words


def test_counts_that_are_none_are_refused_before_a_confidence() -> None:
    with pytest.raises(ValueError, match="no counts of a comparison"):
        score_bounds(1, 1, 0, confidence=2)
