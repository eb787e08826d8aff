"""Promote?: where two facts hold at once, the one that stands first in the list decides."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation, SuspendJob
from dandelion_operator.loop.decide.plan.versions import (
    ConfirmAlias,
    RemoveAlias,
    SetAlias,
    SetVerdict,
)
from dandelion_operator.seen.observed import Observed
from given import (
    comparison,
    contract,
    evaluation,
    job,
    registry,
    status,
    version,
)
from given.judging import AWAY, NEW, beside
from given.report.told import PLAIN

SUSPENDED = given.resource(suspend=True)
OBSERVE = given.resource(promotion={"mode": "Observe"})
JOB = evaluation().name
GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")
OF_LEAF = replace(contract(), classes=("leaf",))
OF_MOSS = replace(contract(), classes=("moss",))


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
            beside(
                comparison(losses=40),
                registry=replace(registry(version(3), NEW), deployed=version(3).target),
            ),
            ["4 rejected"],
            id="and what is worse than that is rejected",
        ),
        pytest.param(
            PLAIN,
            beside(artifacts={3: OF_LEAF, 4: contract()}),
            ["compare, attempt 1"],
            id="a version that lists no classes is compared",
        ),
        pytest.param(
            PLAIN,
            beside(artifacts={3: contract(), 4: OF_LEAF}),
            ["compare, attempt 1"],
            id="a champion that lists no classes is compared with",
        ),
        pytest.param(
            PLAIN,
            beside(
                registry=replace(registry(version(3), NEW), deployed=version(3).target),
                artifacts={3: GONE, 4: contract()},
            ),
            ["4 promoting", "the alias names none", "champion=4"],
            id="what serves without an alias and lost its files holds nobody up",
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
