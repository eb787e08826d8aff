"""Ready rests on what the Service answered lately, and claims nothing new without an answer."""

from __future__ import annotations

import given
import pytest
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.report import report
from dandelion_operator.ports.probes import ASKING
from dandelion_operator.seen.serving import Answer

SILENCE = Answer(None, "a request through the Service fails: no answer")
SERVING = {"type": "Ready", "status": "True", "reason": "Serving", "message": "version 3 answers"}
STARTING = SERVING | {"status": "False", "reason": "Progressing", "message": "0 of 1 replicas"}


@pytest.mark.parametrize(
    ("before", "answer", "ready"),
    [
        pytest.param(SERVING, ASKING, ("True", "version 3 answers"), id="the operator started"),
        pytest.param(STARTING, ASKING, ("False", "0 of 1 replicas"), id="all replicas are ready"),
        pytest.param(None, ASKING, ("False", ASKING.message), id="nothing was said before"),
        pytest.param(SERVING, None, ("False", "no replica is ready"), id="no pod is ready"),
        pytest.param(SERVING, SILENCE, ("False", SILENCE.message), id="it does not answer"),
        pytest.param(STARTING, Answer(3), ("True", "version 3 answers"), id="the right version"),
        pytest.param(
            STARTING,
            Answer(2),
            ("False", "the Service answers with version 2, another one"),
            id="another version",
        ),
    ],
)
def test_ready_claims_nothing_new_without_an_answer(
    before: dict[str, str] | None, answer: Answer | None, ready: tuple[str, str]
) -> None:
    stamped = [] if before is None else [before | {"lastTransitionTime": given.NOW}]
    previous = given.status(
        champion={"version": "3"}, training=given.training("run3"), conditions=stamped
    )
    seen = given.serving(3, previous=previous, answer=answer)
    plan = decide(given.resource(), seen, given.place())
    found = report(given.resource(), seen, plan, (), given.NOW).condition(ConditionType.READY)
    assert found is not None
    assert (found.status, found.message) == ready
