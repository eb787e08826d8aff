"""A run is attempted again where that can help, not without end, and not where nothing changed."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop import pace
from dandelion_operator.loop.decide.plan.decisions import TrainDecision
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase as Phase
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.loop.report import report
from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT, next_attempt, pause_seconds
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen
from given import job, seen, status, training

PLAIN = given.resource()
GIVEN = digests.execution(PLAIN)
RAISED = given.resource(training={"resources": {"limits": {"memory": "16Gi"}}})
LONGER = given.resource(training={"activeDeadlineSeconds": 172800})
ENDED = "2026-01-01T00:00:00Z"
AT_ONCE, MUCH_LATER = "2026-01-01T00:00:29Z", "2026-01-01T12:00:00Z"


def failed(reason: str, attempts: int = 1, **about: Any) -> dict[str, Any]:
    fields = {
        "reason": reason,
        "message": "words",
        "finishedAt": ENDED,
        "attempts": attempts,
        "execution": GIVEN,
    }
    return training("run1", "Failed", **(fields | about))


def after(last: dict[str, Any], now: str = MUCH_LATER, **about: Any) -> Observed:
    return seen(previous=status(training=last), now=now, **about)


def decision(observed: Observed, wanted: Any = PLAIN) -> TrainDecision:
    return given.decided(wanted, observed).train


@pytest.mark.parametrize(
    ("observed", "wanted", "phase", "started"),
    [
        pytest.param(
            after(failed("OutOfMemory")), PLAIN, Phase.FAILED, [], id="out of memory: it stays so"
        ),
        pytest.param(
            after(failed("OutOfMemory")),
            RAISED,
            Phase.PENDING,
            [("run1", 2)],
            id="more memory is another attempt at the same run",
        ),
        pytest.param(
            after(failed("DeadlineExceeded", attempts=2)),
            LONGER,
            Phase.PENDING,
            [("run1", 3)],
            id="more time as well, and it is counted on",
        ),
        pytest.param(
            after(failed("StorageUnreachable", attempts=ATTEMPT_LIMIT)),
            RAISED,
            Phase.PENDING,
            [("run1", ATTEMPT_LIMIT + 1)],
            id="a person's change counts beyond the limit",
        ),
        pytest.param(
            after(failed("OutOfMemory", execution=None)),
            RAISED,
            Phase.FAILED,
            [],
            id="what an older release started with is not known, so nothing has changed",
        ),
        pytest.param(
            after(failed("StorageUnreachable"), AT_ONCE),
            PLAIN,
            Phase.WAITING,
            [],
            id="storage was away: a pause first",
        ),
        pytest.param(
            after(failed("RegistryUnreachable")),
            PLAIN,
            Phase.PENDING,
            [("run1", 2)],
            id="MLflow was away: again after the pause",
        ),
        pytest.param(
            after(failed("Interrupted", attempts=ATTEMPT_LIMIT)),
            PLAIN,
            Phase.FAILED,
            [],
            id="given up after the last attempt",
        ),
        pytest.param(
            after(failed("StorageUnreachable"), AT_ONCE),
            RAISED,
            Phase.PENDING,
            [("run1", 2)],
            id="a person's change waits for no pause",
        ),
        pytest.param(
            after(training("run1", "Running")),
            PLAIN,
            Phase.PENDING,
            [("run1", 2)],
            id="a lost Job is started again at once",
        ),
        pytest.param(
            after(training("run1", "Running", attempts=2), AT_ONCE),
            PLAIN,
            Phase.WAITING,
            [],
            id="a Job that is lost again, after a pause",
        ),
        pytest.param(
            after(training("run1", "Running", attempts=ATTEMPT_LIMIT)),
            PLAIN,
            Phase.FAILED,
            [],
            id="a Job that is lost always, no more",
        ),
        pytest.param(
            after(failed("OutOfMemory"), dataset=DatasetSeen("images-2", 50)),
            PLAIN,
            Phase.PENDING,
            [(digests.run(digests.training_hash(PLAIN), "images-2", "run1"), 1)],
            id="other images are another run",
        ),
        pytest.param(
            after(
                training("run1", "Running", attempts=2, execution=GIVEN),
                jobs=(job("run1", RunState.FAILED, reason="StorageUnreachable", attempt=1),),
            ),
            PLAIN,
            Phase.PENDING,
            [("run1", 3)],
            id="the Job of an earlier attempt tells nothing about a lost one",
        ),
        pytest.param(
            after(
                failed("StorageUnreachable"),
                jobs=(
                    job("run1", RunState.FAILED, name="a", reason="StorageUnreachable"),
                    job("run1", RunState.RUNNING, name="b", attempt=2),
                ),
            ),
            PLAIN,
            Phase.FOLLOW,
            [],
            id="follows the attempt in flight",
        ),
    ],
)
def test_whether_a_run_is_attempted_again(
    observed: Observed, wanted: Any, phase: Phase, started: list[tuple[str, int]]
) -> None:
    found = decision(observed, wanted)
    assert found.phase is phase
    starts = [item for item in found.actions if isinstance(item, StartTraining)]
    assert [(item.run, item.attempt) for item in starts] == started


def test_pauses_grow_up_to_an_hour() -> None:
    assert [pause_seconds(number) for number in (1, 2, 3, 7, 8, 100)] == [
        30,
        60,
        120,
        1920,
        3600,
        3600,
    ]
    assert next_attempt(ENDED, 3) == "2026-01-01T00:02:00Z"
    assert next_attempt(None, 3) == ""
    assert next_attempt("yesterday", 3) == ""


def test_the_next_attempt_is_told_with_its_moment_and_waited_for() -> None:
    observed = after(failed("StorageUnreachable", attempts=3), "2026-01-01T00:01:40Z")
    plan = given.decided(PLAIN, observed)
    told = report(PLAIN, observed, plan, (), observed.now)
    trained = next(item for item in told.conditions if item.type == "Trained")
    assert (trained.status, trained.reason) == ("Unknown", "TrainingPending")
    assert trained.message == (
        "StorageUnreachable: words; attempt 4 of at most 8 begins at 2026-01-01T00:02:00Z"
    )
    assert pace.pause(observed, plan, told, 60.0) == 20.0


def test_while_storage_is_away_the_next_attempt_waits_for_it_and_says_so() -> None:
    away = Failure(Reason.STORAGE_UNREACHABLE, "http://s3 does not answer")
    observed = after(failed("StorageUnreachable"), dataset=away)
    plan = given.decided(PLAIN, observed)
    assert plan.train.actions == ()
    told = report(PLAIN, observed, plan, (), observed.now)
    trained = next(item for item in told.conditions if item.type == "Trained")
    assert (trained.status, trained.reason) == ("Unknown", "TrainingPending")
    assert trained.message == (
        "StorageUnreachable: words; it is attempted again after this is over: "
        "http://s3 does not answer"
    )
