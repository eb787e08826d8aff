"""The status: conditions that tell the truth, times that move on flips only, bounded history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.location import Defaults, location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import HISTORY_LIMIT, ConditionType, RunState, Status
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan import (
    Action,
    ApplyAccount,
    BindTokenReviewers,
    RefreshSecret,
    Refusal,
)
from dandelion_operator.loop.report import report
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import Answer
from dandelion_operator.seen.training import Progress
from given import (
    LATER,
    NOW,
    deployment,
    job,
    pod,
    registry,
    resource,
    seen,
    serving,
    status,
    version,
)

PLAIN = resource()
WITHOUT_LOG = replace(given.DEFAULTS, log_uri="")
READY = {"type": "Ready", "status": "True", "reason": "Serving", "lastTransitionTime": NOW}


def told(
    observed: Observed,
    wanted: Resource = PLAIN,
    now: str = NOW,
    refusals: tuple[Refusal, ...] = (),
) -> Status:
    decided = decide(wanted, observed, given.place(wanted))
    return report(wanted, observed, decided, refusals, now)


def words(found: Status, kind: str) -> tuple[str, str]:
    condition = found.condition(ConditionType(kind))
    assert condition is not None
    return condition.status, condition.reason


def message(found: Status, kind: str) -> str:
    condition = found.condition(ConditionType(kind))
    assert condition is not None
    return condition.message


def was_ready(number: int, **about: Any) -> Observed:
    before = status(champion={"version": str(number)}, conditions=[READY])
    return serving(number, previous=before, **about)


STUCK = deployment(4, updated=1, available=1, replicas=2, deadline_exceeded=True)
MOVED = registry(version(3), version(4), champion=4)
OLD_ONE = {"registry": MOVED, "artifacts": {4: given.contract()}, "answer": Answer(3)}


@pytest.mark.parametrize(
    ("observed", "kind", "expected"),
    [
        pytest.param(serving(3), "Ready", ("True", "Serving"), id="ready: all is well"),
        pytest.param(
            serving(3, answer=Answer(None, "refused")),
            "Ready",
            ("False", "NotAnswering"),
            id="not ready: nobody answers",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, available=0)),
            "Ready",
            ("False", "Progressing"),
            id="not ready: answered, but not every replica is there for the first time",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, observed_generation=0)),
            "Ready",
            ("False", "Progressing"),
            id="not ready: the Deployment has not been looked at",
        ),
        pytest.param(
            was_ready(3, deployment=deployment(3, available=0)),
            "Ready",
            ("True", "Serving"),
            id="stays ready: it answers, a replica is away",
        ),
        pytest.param(
            was_ready(3, **OLD_ONE, deployment=deployment(4, updated=0)),
            "Ready",
            ("True", "Serving"),
            id="stays ready: the old version answers during a rollout",
        ),
        pytest.param(
            was_ready(3, **OLD_ONE, deployment=STUCK),
            "Ready",
            ("True", "Serving"),
            id="stays ready: the old version answers when a rollout is stuck",
        ),
        pytest.param(
            was_ready(3, **OLD_ONE, deployment=STUCK),
            "RolledOut",
            ("False", "ProgressDeadlineExceeded"),
            id="not rolled out: the deadline is over",
        ),
        pytest.param(
            was_ready(4, registry=MOVED, pods=(pod(4), pod(3, deleting=True))),
            "RolledOut",
            ("Unknown", "Progressing"),
            id="not rolled out: the last old replica still drains",
        ),
        pytest.param(
            was_ready(3, answer=Answer(None, "refused")),
            "Ready",
            ("False", "NotAnswering"),
            id="no longer ready: nobody answers",
        ),
        pytest.param(
            seen(jobs=(job(),)), "Trained", ("Unknown", "TrainingRunning"), id="a run under way"
        ),
        pytest.param(
            seen(jobs=(job(state=RunState.PENDING),)),
            "Trained",
            ("Unknown", "TrainingPending"),
            id="a run that waits",
        ),
        pytest.param(
            seen(jobs=(job(),)), "Ready", ("False", "TrainingRunning"), id="not ready: it trains"
        ),
        pytest.param(
            seen(registry=registry(version(1))),
            "Promoted",
            ("False", "AliasMissing"),
            id="a version, but no alias",
        ),
    ],
)
def test_conditions(observed: Observed, kind: str, expected: tuple[str, str]) -> None:
    assert words(told(observed), kind) == expected


def test_a_stuck_rollout_names_the_pod_and_its_own_reason() -> None:
    pods = (
        pod(3),
        pod(4, ready=False, reason="StorageUnreachable", message="http://s3: refused"),
    )
    found = told(was_ready(3, **OLD_ONE, deployment=STUCK, pods=pods))
    assert message(found, "RolledOut") == (
        "0 of 1 replicas serve version 4, 1 of another version left; pod lawn-inference-4: "
        "StorageUnreachable: http://s3: refused"
    )
    assert message(found, "Ready").startswith("version 3 answers; 0 of 1 replicas")


def test_times_move_on_flips_only() -> None:
    first = told(seen(jobs=(job(),)))
    second = told(seen(jobs=(job(),), previous=first), now=LATER)
    assert second == first
    flipped = told(serving(1, previous=first), now=LATER)
    moved = {item.type.value for item in flipped.conditions if item.last_transition_time == LATER}
    assert moved == {"Trained", "Promoted", "RolledOut", "Ready"}


def test_the_same_state_told_twice_is_the_same_status() -> None:
    first = told(serving(3))
    assert told(replace(serving(3), previous=first), now=LATER) == first


def test_progress_is_shown_and_a_finished_run_is_at_100() -> None:
    running = told(seen(jobs=(job(),), progress=Progress("run1", "running", "training", 42)))
    assert running.training is not None
    assert (running.training.progress_percent, running.training.stage) == (42, "training")
    assert message(running, "Trained") == "run run1, training: 42%"
    done = told(serving(1, previous=running))
    assert done.training is not None
    assert (done.training.progress_percent, done.training.stage) == (100, None)


def test_progress_of_another_run_is_not_shown() -> None:
    found = told(seen(jobs=(job(),), progress=Progress("run0", "running", "training", 90)))
    assert found.training is not None
    assert found.training.progress_percent == 0


def test_history_is_bounded_and_newest_first() -> None:
    old = [{"time": NOW, "decision": "FollowedAlias", "version": str(n)} for n in range(30)]
    before = status(champion={"version": "2"}, history=old, training=given.training("run3"))
    found = told(serving(3, previous=before), now=LATER)
    assert len(found.history) == HISTORY_LIMIT
    assert (found.history[0].decision, found.history[0].version) == ("FollowedAlias", "3")


def test_the_status_survives_being_written_and_read_back() -> None:
    found = told(serving(3))
    assert given.status(**found.as_json()) == found


def test_a_status_that_somebody_broke_is_made_anew() -> None:
    broken = status(training={"run": 5}, champion="x", history="y", url="kept")
    assert (broken.training, broken.champion, broken.history) == (None, None, ())
    assert broken.url == "kept"


def test_an_alias_that_cannot_be_followed_does_not_change_the_champion_that_is_told() -> None:
    gone = Failure(Reason.ARTIFACT_REJECTED, "gone")
    found = told(was_ready(3, registry=MOVED, artifacts={4: gone}))
    assert found.champion is not None
    assert found.champion.version == "3"
    assert words(found, "RolledOut") == ("False", "ArtifactRejected")


def test_a_secret_that_may_not_be_written_is_told() -> None:
    refusal = Refusal(RefreshSecret("training"), "forbidden by policy", True)
    found = told(seen(stale_secrets=frozenset({"training"})), refusals=(refusal,))
    assert words(found, "Trained") == ("Unknown", "TrainingPending")
    assert "forbidden by policy" in message(found, "Trained")


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        pytest.param(BindTokenReviewers(), "AuthUnavailable", id="the right to ask who calls"),
        pytest.param(ApplyAccount(), "ChildRefused", id="an account"),
        pytest.param(RefreshSecret("inference"), "ChildRefused", id="the key that reads models"),
        pytest.param(RefreshSecret("log"), "ChildRefused", id="the key that writes the log"),
    ],
)
def test_what_serving_needs_and_may_not_be_written_is_told(action: Action, reason: str) -> None:
    found = told(was_ready(3), refusals=(Refusal(action, "forbidden by policy", True),))
    assert words(found, "RolledOut") == ("False", reason)
    assert "forbidden by policy" in message(found, "RolledOut")
    assert words(found, "Ready") == ("True", "Serving")


@pytest.mark.parametrize(
    ("sections", "defaults", "way_out"),
    [
        pytest.param(
            {"serving": {"logging": {"images": True}}},
            WITHOUT_LOG,
            "write spec.serving.logging.storageUri, or leave spec.serving.logging.images out",
            id="images and no log",
        ),
        pytest.param(
            {"serving": {"logging": {"storageUri": "s3://seen"}}},
            WITHOUT_LOG,
            "no key may write there: bring one in spec.storage.servingSecretRef",
            id="a place and no key",
        ),
        pytest.param(
            {
                "storage": {"endpoint": "https://s3.example.com", "secretRef": {"name": "mine"}},
                "serving": {"logging": {"images": True}},
            },
            given.DEFAULTS,
            "write spec.serving.logging.storageUri",
            id="images at an endpoint of one's own",
        ),
    ],
)
def test_a_log_that_is_asked_for_and_not_possible_is_told(
    sections: dict[str, Any], defaults: Defaults, way_out: str
) -> None:
    wanted = resource(**sections)
    decided = decide(wanted, seen(), location(wanted, defaults))
    found = report(wanted, seen(), decided, (), NOW)
    assert words(found, "Accepted") == ("False", "LogUnavailable")
    assert way_out in message(found, "Accepted")


def test_a_log_that_is_only_the_default_is_missed_by_nobody() -> None:
    decided = decide(PLAIN, seen(), location(PLAIN, WITHOUT_LOG))
    assert decided.acceptance.accepted


INT8 = replace(given.contract(), precision="int8")


@pytest.mark.parametrize(
    ("asked", "observed", "shown"),
    [
        pytest.param("auto", serving(3, artifacts={3: INT8}), "int8", id="what training chose"),
        pytest.param("auto", serving(3), "fp32", id="an artifact from before there was a choice"),
        pytest.param("fp32", serving(3, artifacts={3: INT8}), "fp32", id="what is asked for"),
        pytest.param(
            "auto",
            serving(
                3, artifacts={}, previous=status(champion={"version": "3", "precision": "bf16"})
            ),
            "bf16",
            id="what was known before storage went away",
        ),
        pytest.param("auto", serving(3, artifacts={}), None, id="nothing known"),
    ],
)
def test_the_precision_of_the_champion_is_shown(
    asked: str, observed: Observed, shown: str | None
) -> None:
    wanted = resource(serving={"precision": asked})
    seen_so = replace(observed, deployment=deployment(3, wanted))
    champion = told(seen_so, wanted).champion
    assert champion is not None
    assert champion.precision == shown


@pytest.mark.parametrize(
    ("observed", "wanted", "phase"),
    [
        (seen(), PLAIN, "Pending"),
        (seen(dataset=Failure(Reason.DATASET_EMPTY, "empty")), PLAIN, "Blocked"),
        (seen(jobs=(job(),)), PLAIN, "Training"),
        (seen(), resource(suspend=True), "Suspended"),
        (serving(3), PLAIN, "Serving"),
        (serving(3, deployment=deployment(3, available=0)), PLAIN, "RollingOut"),
        (seen(previous=status(training=given.training(state="Failed"))), PLAIN, "Failed"),
    ],
)
def test_phase_is_one_word_for_people(observed: Observed, wanted: Resource, phase: str) -> None:
    assert told(observed, wanted).phase == phase
