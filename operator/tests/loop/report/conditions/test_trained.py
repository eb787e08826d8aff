"""Trained: where two facts hold at once, the one that stands first is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.decide.plan.children import RefreshSecret
from dandelion_operator.loop.decide.plan.decisions import (
    TrainDecision,
    TrainingPhase,
)
from dandelion_operator.loop.report.conditions.trained import trained
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.training import Progress, SearchSeen
from given import serving
from given.report.conditions import PULLING, SETTLED, TRAIN, refused


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
            TrainingPhase.FOLLOW,
            None,
            (),
            ("Unknown", "TrainingPending", "waiting for its pod to start"),
            id="a run of which nothing is seen yet",
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


@pytest.mark.parametrize(
    ("search", "words"),
    [
        pytest.param(None, "run run4: the first trials begin", id="nothing is known yet"),
        pytest.param(SearchSeen(12), "run run4: 0 of 12 trials are over", id="none is over"),
        pytest.param(
            SearchSeen(12, finished=5, pruned=2, best=0.93456),
            "run run4: 5 of 12 trials are over, 2 of them given up; the best reached 0.9346",
            id="some are over",
        ),
    ],
)
def test_a_search_tells_how_many_trials_are_over(search: SearchSeen | None, words: str) -> None:
    observed = serving(3, progress=Progress("run4", "running", "searching", 40, search=search))
    plan = replace(SETTLED, train=TrainDecision(TrainingPhase.FOLLOW, "decided"))
    found = trained(observed, plan, last(searching=True, searched=False), ())
    assert found == ("Unknown", "SearchRunning", words)
