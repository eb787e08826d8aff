"""status.history: what became of runs, each told once, and of a promotion beside its run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.training import Training
from dandelion_operator.loop.decide.plan.decisions import PromoteDecision, Promotion
from dandelion_operator.loop.report.history import history_entries, promotion_entries
from dandelion_operator.seen.observed import Observed
from given import NOW, registry, seen, version
from given.report.conditions import MLFLOW_AWAY, PLAIN
from given.report.history import QUIET, Entry, condition, run, told


def after(before: Training | None, **about: Any) -> Observed:
    return seen(previous=Status(training=before), **about)


STARTED = ("TrainingStarted", None, "run run1")
MADE = registry(version(3, run="run1"), version(4, run="run4"))


@pytest.mark.parametrize(
    ("observed", "now", "entries"),
    [
        pytest.param(after(run()), None, [], id="no run is known any more"),
        pytest.param(after(None), run(startedAt=None), [], id="a run that has not started"),
        pytest.param(after(None), run(), [STARTED], id="a run that has"),
        pytest.param(after(run("Pending")), run(), [], id="a run that is known"),
        pytest.param(
            after(run()),
            run(attempts=2),
            [("TrainingStarted", None, "run run1, attempt 2")],
            id="another attempt at it",
        ),
        pytest.param(
            after(run(number=0)),
            run(),
            [STARTED, ("TrainingStopped", None, "run run0 made way for a newer spec")],
            id="a run in the place of one that had not ended",
        ),
        pytest.param(
            after(run("Failed", number=0)), run(), [STARTED], id="a run after one that had ended"
        ),
        pytest.param(
            after(run(), registry=MADE),
            run("Succeeded"),
            [("TrainingSucceeded", "3", "run run1")],
            id="a run that made a version",
        ),
        pytest.param(
            after(None, registry=MADE),
            run("Succeeded", startedAt=None),
            [],
            id="a run that is known by its version alone",
        ),
        pytest.param(
            after(None, registry=MADE),
            run("Succeeded"),
            [("TrainingSucceeded", "3", "run run1"), STARTED],
            id="a run that began and ended unseen",
        ),
        pytest.param(
            after(run(startedAt=None), registry=MADE),
            run("Succeeded", startedAt=None),
            [("TrainingSucceeded", "3", "run run1")],
            id="a run whose begin nobody saw",
        ),
        pytest.param(
            after(run(), registry=MLFLOW_AWAY),
            run("Succeeded"),
            [("TrainingSucceeded", None, "run run1")],
            id="a run that made a version while MLflow is away",
        ),
        pytest.param(
            after(run(), registry=registry(version(4, run="run4"))),
            run("Succeeded"),
            [("TrainingSucceeded", None, "run run1")],
            id="a run whose version was deleted at once",
        ),
        pytest.param(
            after(run("Succeeded"), registry=MADE), run("Succeeded"), [], id="a run that had ended"
        ),
        pytest.param(
            after(run(), registry=MADE),
            run("Failed", reason="TooFewClasses", message="one"),
            [("TrainingFailed", None, "TooFewClasses: one")],
            id="a run that failed",
        ),
        pytest.param(
            after(run()),
            run("Failed", reason="OutOfMemory"),
            [("TrainingFailed", None, "OutOfMemory")],
            id="a run that failed without a word",
        ),
        pytest.param(
            after(run()),
            run("Failed", message="it broke"),
            [("TrainingFailed", None, "InternalError: it broke")],
            id="a run that failed for no known cause",
        ),
        pytest.param(
            after(run("Failed")),
            run("Failed", attempts=2, reason="Interrupted"),
            [
                ("TrainingFailed", None, "Interrupted"),
                ("TrainingStarted", None, "run run1, attempt 2"),
            ],
            id="an attempt that failed as the one before did",
        ),
    ],
)
def test_what_became_of_a_run(
    observed: Observed, now: Training | None, entries: list[Entry]
) -> None:
    assert told(observed, run=now) == entries


def test_an_entry_names_the_trigger_and_the_images_of_its_run() -> None:
    observed = after(run(number=0, datasetFingerprint="images-0"))
    started, stopped = history_entries(
        PLAIN,
        observed,
        QUIET,
        None,
        run(trigger="DatasetChanged"),
        (condition("Promoted"), condition("RolledOut")),
        NOW,
    )
    assert (started.trigger, started.dataset) == ("DatasetChanged", "images-1")
    assert (stopped.trigger, stopped.dataset) == ("Created", "images-0")


@pytest.mark.parametrize(
    ("promotion", "now", "entries"),
    [
        pytest.param(None, run("Succeeded"), [], id="nothing is promoted"),
        pytest.param(
            Promotion(3, "better", "sha256:images"),
            None,
            [("Promoted", "3", None, "sha256:images")],
            id="a version",
        ),
        pytest.param(
            Promotion(3, "better"),
            run("Succeeded"),
            [("Promoted", "3", "Created", None), ("TrainingSucceeded", "3", "Created", "images-1")],
            id="a version whose run ends just now: both, the promotion last",
        ),
        pytest.param(
            Promotion(None, "restored", decision="RegistryRestored", trigger="RegistryLost"),
            run(),
            [("RegistryRestored", None, "RegistryLost", None)],
            id="a registry that was restored, whatever the last run's trigger was",
        ),
    ],
)
def test_a_promotion_is_told_with_the_end_of_its_run(
    promotion: Promotion | None,
    now: Training | None,
    entries: list[tuple[str, str | None, str | None, str | None]],
) -> None:
    plan = replace(QUIET, promote=PromoteDecision(promotion=promotion))
    found = promotion_entries(PLAIN, after(run(), registry=MADE), plan, now, NOW)
    assert [(item.decision, item.version, item.trigger, item.dataset) for item in found] == entries
