"""Ready: what the Service answers, and which condition is the cause where it does not."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.loop.decide.plan.decisions import RolloutDecision
from dandelion_operator.loop.report.conditions.ready import ready
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import Answer
from given import serving, status
from given.report.conditions import NO_ALIAS, NONE_WANTED, PLAIN, SETTLED

YES = ("True", Reason.VALID, "")
CHAIN = {
    ConditionType.ACCEPTED: ("False", Reason.DATASET_EMPTY, "accepted"),
    ConditionType.TRAINED: ("False", Reason.TRAINING_FAILED, "trained"),
    ConditionType.PROMOTED: ("False", Reason.GATE_FAILED, "promoted"),
    ConditionType.ROLLED_OUT: ("False", Reason.NAME_TAKEN, "rolled out"),
}


def was(state: str, message: str = "", reason: str = "Serving") -> Status:
    before = {"type": "Ready", "status": state, "reason": reason, "message": message}
    return status(conditions=[before | {"lastTransitionTime": given.NOW}])


WAS_READY, WAS_NOT_READY = was("True", "as before"), was("False")


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
            serving(3, previous=WAS_NOT_READY, answer=Answer(None, "asking", pending=True)),
            PLAIN,
            CHAIN[ConditionType.ROLLED_OUT],
            ("False", "NameTaken", "rolled out"),
            id="while it is asked, and nothing is ready by any account",
        ),
        pytest.param(
            serving(
                3, previous=was("False", "as before", "Unheard"), answer=Answer(3, pending=True)
            ),
            PLAIN,
            YES,
            ("False", "NotAnswering", "as before"),
            id="while it is asked, a reason that only another version of the operator knows",
        ),
        pytest.param(
            serving(3, previous=status(), answer=Answer(None, "asking", pending=True)),
            PLAIN,
            YES,
            ("False", "NotAnswering", "asking"),
            id="while it is asked for the first time",
        ),
        pytest.param(
            serving(3, previous=WAS_NOT_READY, answer=Answer(3)),
            PLAIN,
            CHAIN[ConditionType.ROLLED_OUT],
            ("False", "NameTaken", "rolled out"),
            id="an answer alone makes nothing ready that was not",
        ),
        pytest.param(
            serving(3, answer=Answer(None, "refused")),
            PLAIN,
            YES,
            ("False", "NotAnswering", "refused"),
            id="an answer's own words",
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


def test_without_a_deployment_the_cause_is_told_although_no_replica_is_wanted() -> None:
    found = ready(NONE_WANTED, serving(3, deployment=None, answer=None), SETTLED, CHAIN)
    assert (found[0], found[2]) == ("False", "accepted")


def test_what_is_deployed_answers_or_not_whatever_keeps_the_next_version_away() -> None:
    others = {**CHAIN, ConditionType.ROLLED_OUT: YES}
    found = ready(PLAIN, serving(3, answer=None), SETTLED, others)
    assert found == ("False", "NotAnswering", "no replica is ready")


def test_an_answer_is_believed_only_where_a_version_is_to_be_served() -> None:
    plan = replace(SETTLED, rollout=RolloutDecision(None, NO_ALIAS))
    found = ready(PLAIN, serving(3, previous=WAS_READY), plan, CHAIN)
    assert (found[0], found[2]) == ("False", "rolled out")
