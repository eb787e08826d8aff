"""Whether the images are read because a person asks for it, and what that waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import IngestPhase
from dandelion_operator.loop.decide.plan.jobs import (
    StartIngest,
)
from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import (
    Suspension,
)
from given import ingest_job
from given.ingesting import (
    ASKED,
    AWAY,
    DENIED,
    LATER,
    READ,
    REFUSED,
    training,
    world,
)

P = IngestPhase


@pytest.mark.parametrize(
    ("observed", "phase", "attempts", "words"),
    [
        pytest.param(world(), P.PENDING, [1], "is being started", id="at once"),
        pytest.param(
            world({"state": "Succeeded"}), P.NOTHING, [], "", id="a value is dealt with once"
        ),
        pytest.param(world({"state": "Failed"}), P.NOTHING, [], "", id="a failed one as well"),
        pytest.param(
            world({"state": "Stopped", "attempts": 1}),
            P.PENDING,
            [2],
            "is being started",
            id="but for one that was stopped",
        ),
        pytest.param(
            world({"value": "before", "state": "Running"}),
            P.PENDING,
            [1],
            "is being started",
            id="another value makes another one",
        ),
        pytest.param(
            training(read=False), P.PENDING, [], "once run run4 has read them", id="after a run"
        ),
        pytest.param(
            training(read=True), P.PENDING, [1], "is being started", id="that has read, beside it"
        ),
        pytest.param(
            training(read=True, state=RunState.SUSPENDED),
            P.PENDING,
            [],
            "run run4 is suspended, and reads the images first",
            id="after a run that will read anew",
        ),
        pytest.param(
            world(dataset=REFUSED), P.PENDING, [], DENIED, id="not while nothing is accepted"
        ),
        pytest.param(world(credentials=REFUSED), P.PENDING, [], DENIED, id="not without its keys"),
        pytest.param(
            world(registry=AWAY), P.PENDING, [1], "is being started", id="MLflow is not needed"
        ),
        pytest.param(
            replace(world(registry=AWAY), previous=given.status(training=given.training())),
            P.PENDING,
            [],
            "once MLflow answers",
            id="unless it alone knows the version before",
        ),
        pytest.param(world(ingests=(ingest_job(),)), P.FOLLOW, [], "", id="its Job is followed"),
        pytest.param(
            world(ingests=(ingest_job(value="former"),)),
            P.PENDING,
            [1],
            "is being started",
            id="the Job of another one is not",
        ),
        pytest.param(
            world(ingests=(ingest_job(deleting=True),)),
            P.PENDING,
            [],
            "is gone",
            id="a Job that leaves is waited for",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(
                        RunState.PENDING,
                        waiting=Failure(Reason.UNSCHEDULABLE, "0 nodes have room"),
                    ),
                )
            ),
            P.FOLLOW,
            [],
            "0 nodes have room",
            id="what holds its pod up is told",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(
                        RunState.SUSPENDED,
                        suspension=Suspension(held_by="Kueue, in the queue gpus"),
                        message="its Job is suspended by Kueue",
                    ),
                )
            ),
            P.FOLLOW,
            [],
            "suspended by Kueue",
            id="a queue may hold it",
        ),
        pytest.param(
            world(ingests=(ingest_job(RunState.SUCCEEDED),), ingest_progress=READ),
            P.COMPLETE,
            [],
            "",
            id="it has read them",
        ),
        pytest.param(
            world(ingests=(ingest_job(RunState.SUCCEEDED),)),
            P.FOLLOW,
            [],
            "what it found is not read yet",
            id="what it found has to be read",
        ),
        pytest.param(
            world(
                ingests=(ingest_job(RunState.SUCCEEDED),),
                ingest_progress=replace(READ, state="running"),
            ),
            P.FOLLOW,
            [],
            "what it found is not read yet",
            id="and not what an earlier attempt said",
        ),
        pytest.param(
            world(
                ingests=(ingest_job(RunState.FAILED, reason="TooFewImages", message="grass: 3"),)
            ),
            P.FAILED,
            [],
            "grass: 3",
            id="what no attempt can help fails",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(
                        RunState.FAILED,
                        reason="StorageUnreachable",
                        finished="2026-01-01T00:00:10Z",
                    ),
                )
            ),
            P.PENDING,
            [],
            "attempt 2 of at most 8 begins at 2026-01-01T00:00:40Z",
            id="infrastructure is given a pause",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(RunState.FAILED, reason="StorageUnreachable", finished=given.NOW),
                ),
                now=LATER,
            ),
            P.PENDING,
            [2],
            "is being started",
            id="and tried again",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(RunState.FAILED, reason="StorageUnreachable", attempt=ATTEMPT_LIMIT),
                ),
                now=LATER,
            ),
            P.FAILED,
            [],
            f"given up after {ATTEMPT_LIMIT} attempts",
            id="not without end",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(RunState.FAILED, reason="StorageUnreachable", finished=given.NOW),
                ),
                dataset=REFUSED,
                now=LATER,
            ),
            P.PENDING,
            [],
            DENIED,
            id="nor while storage says why",
        ),
        pytest.param(
            world({"state": "Running", "attempts": 1, "startedAt": given.NOW}),
            P.PENDING,
            [2],
            "is being started",
            id="a Job that is gone is made again",
        ),
        pytest.param(
            world({"state": "Running", "attempts": 2, "startedAt": given.NOW}),
            P.PENDING,
            [],
            "the Job of attempt 2 is gone; attempt 3",
            id="after a pause the second time",
        ),
        pytest.param(
            world({"state": "Running", "attempts": ATTEMPT_LIMIT, "startedAt": given.NOW}),
            P.FAILED,
            [],
            "see who deletes Jobs",
            id="and not for ever",
        ),
    ],
)
def test_when_the_images_are_read(
    observed: Observed, phase: IngestPhase, attempts: list[int], words: str
) -> None:
    decision = given.decided(ASKED, observed).ingest
    assert decision.phase is phase
    assert [x.attempt for x in decision.actions if isinstance(x, StartIngest)] == attempts
    assert words in decision.message


@pytest.mark.parametrize("known", [None, {"state": "Succeeded"}])
def test_nothing_is_read_that_nobody_asks_for(known: dict[str, Any] | None) -> None:
    plan = given.decided(given.resource(), world(known))
    assert (plan.ingest.phase, plan.ingest.actions) == (IngestPhase.NOTHING, ())
