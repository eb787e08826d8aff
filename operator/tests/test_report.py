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
    SetVerdict,
)
from dandelion_operator.loop.report import report
from dandelion_operator.seen.comparison import ClassFigures
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import Answer
from dandelion_operator.seen.training import DatasetVersionSeen, Progress
from dandelion_operator.seen.versions import ContractSeen
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


AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
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


MADE = DatasetVersionSeen(
    "sha256:images",
    images=90,
    class_count=2,
    classes=("dandelion", "grass"),
    holdout=18,
    holdout_by_class={"dandelion": 10, "grass": 8},
    rejected={"Duplicate": 3, "Unreadable": 7},
    warnings=("grass: only 8 images are held out",),
)
TRAINING = {"jobs": (job(),), "progress": Progress("run1", "running", dataset=MADE)}
REJECTED = "; 10% of its files (10 of 100) were rejected: Unreadable 7, Duplicate 3"


def test_the_status_shows_the_dataset_version_that_a_run_made() -> None:
    shown = told(seen(**TRAINING)).as_json()["dataset"]
    assert shown == {
        "version": "sha256:images",
        "images": 90,
        "classCount": 2,
        "classes": ["dandelion", "grass"],
        "holdout": 18,
        "holdoutByClass": {"dandelion": 10, "grass": 8},
        "share": 0.2,
        "rejected": {"Duplicate": 3, "Unreadable": 7},
        "warnings": ["grass: only 8 images are held out"],
    }


def test_what_a_run_found_is_remembered_after_it() -> None:
    first = told(seen(**TRAINING))
    same = replace(given.contract(), dataset_digest="sha256:images", images=90)
    later = told(serving(1, previous=first, artifacts={1: same}), now=LATER)
    assert later.dataset == first.dataset


def test_a_contract_alone_tells_what_it_knows_of_its_dataset() -> None:
    names = tuple(f"class {number}" for number in range(2000))
    known = replace(given.contract(), dataset_digest="sha256:other", images=1250, classes=names)
    found = told(serving(1, artifacts={1: known})).dataset
    assert found is not None
    assert (found.version, found.images, found.holdout, found.share) == (
        "sha256:other",
        1250,
        1000,
        0.8,
    )
    assert (found.class_count, found.classes) == (2000, ())


@pytest.mark.parametrize(
    ("made", "wanted", "words"),
    [
        pytest.param(
            MADE,
            PLAIN,
            f"{REJECTED}; 1 warning in status.dataset.warnings",
            id="many and a warning",
        ),
        pytest.param(replace(MADE, warnings=()), PLAIN, REJECTED, id="many rejected"),
        pytest.param(
            replace(MADE, warnings=(), rejected={"Duplicate": 4}), PLAIN, "", id="few rejected"
        ),
        pytest.param(MADE, resource(training={"epochs": 3}), "", id="made for another spec"),
    ],
)
def test_accepted_tells_how_much_of_the_dataset_was_rejected(
    made: DatasetVersionSeen, wanted: Resource, words: str
) -> None:
    progress = Progress("run1", "running", dataset=made)
    found = told(seen(jobs=(job(),), progress=progress), wanted)
    assert message(found, "Accepted") == f"the dataset s3://datasets/lawn can be read{words}"


def judged(verdict: str, **about: Any) -> Observed:
    """Version 4 beside champion 3: four images each that only one of them gets right."""
    newest = version(4, **({"verdict": verdict, "gate": "gate1"} | about))
    ours = ContractSeen(
        {"accuracy": 0.9},
        classes=("dandelion", "grass"),
        holdout=120,
        by_class={"dandelion": ClassFigures(90, 1.0, 120), "grass": ClassFigures(30, 0.0, 0)},
    )
    return was_ready(
        3,
        registry=registry(version(3), newest, champion=4 if verdict == "promoting" else 3),
        artifacts={3: given.contract(), 4: ours},
        comparisons={given.compared(): given.comparison(5, 4, images=100)},
        deployment=deployment(3),
    )


HELD = "undecided: it may be worse by more than the margin of 2 points"


def test_an_undecided_version_is_told_with_what_would_help() -> None:
    hold = resource(promotion={"onUndecided": "Hold"})
    observed = judged("", gate="")
    (verdict,) = decide(hold, observed, given.place(hold)).promote.actions
    assert isinstance(verdict, SetVerdict)
    found = told(judged("undecided", verdict_reason=verdict.reason, gate=verdict.gate), hold)
    assert words(found, "Promoted") == ("Unknown", "Undecided")
    said = message(found, "Promoted")
    assert said.startswith("version 4: accuracy 0.960 against champion 3's 0.950")
    assert HELD in said
    assert "This holdout can tell differences of" in said
    assert "more images would tell 2 points" in said
    assert said.endswith(
        "version 3 stays the champion; to promote it all the same, set the alias champion to "
        "version 4"
    )
    assert (found.history[0].decision, found.history[0].version) == ("Undecided", "4")


@pytest.mark.parametrize(
    "observed",
    [
        pytest.param(judged("rejected"), id="rejected"),
        pytest.param(judged("promoting", replaces="3"), id="promoted"),
    ],
)
def test_the_status_shows_what_a_verdict_rests_on(observed: Observed) -> None:
    shown = told(observed).as_json()["evaluation"]
    low, high = shown.pop("interval")
    assert -0.05 < low < 0.01 < high < 0.08
    assert shown == {
        "datasetVersion": "sha256:images",
        "challenger": "4",
        "champion": "3",
        "images": 100,
        "difference": 0.01,
        "verdict": "undecided",
        "neverAnswered": ["grass"],
    }


def test_an_evaluation_is_remembered_while_storage_is_away() -> None:
    first = told(judged("rejected"))
    away = replace(judged("rejected"), previous=first, comparisons={given.compared(): AWAY})
    assert told(away, now=LATER).evaluation == first.evaluation


def test_a_first_version_is_evaluated_alone() -> None:
    found = told(
        seen(registry=registry(version(1, verdict="")), artifacts={1: given.contract(0.7)})
    )
    assert found.evaluation is not None
    assert (found.evaluation.challenger, found.evaluation.champion) == ("1", None)
    assert (found.evaluation.images, found.evaluation.verdict) == (1000, "rejected")


def test_a_champion_that_never_answers_a_class_is_told() -> None:
    silent = replace(
        given.contract(),
        by_class={"dandelion": ClassFigures(9, 1.0, 10), "grass": ClassFigures(1, 0.0, 0)},
    )
    found = told(serving(3, artifacts={3: silent}))
    assert message(found, "Promoted") == (
        "version 3 is the champion; classes that it gave to no holdout image: grass"
    )


def test_a_comparison_that_goes_on_or_failed_is_told() -> None:
    waits = replace(judged("", gate=""), comparisons={given.compared(): None})
    going = told(replace(waits, evaluations=(given.evaluation(),)))
    assert words(going, "Promoted") == ("Unknown", "EvaluationRunning")
    failed = told(replace(waits, evaluations=(given.evaluation(RunState.FAILED, message="x"),)))
    assert words(failed, "Promoted") == ("Unknown", "EvaluationFailed")
    assert "InternalError: x; delete the Job" in message(failed, "Promoted")
    (start,) = decide(PLAIN, waits, given.place()).promote.actions
    refused = told(waits, refusals=(Refusal(start, "exceeded quota: pods=1", True),))
    assert words(refused, "Promoted") == ("Unknown", "EvaluationRunning")
    assert "exceeded quota" in message(refused, "Promoted")


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
