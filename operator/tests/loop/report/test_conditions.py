"""The conditions tell the truth, whatever is on its way, missing or refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.location import Defaults, location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import (
    RefreshSecret,
)
from dandelion_operator.loop.report import report
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import Answer
from given import NOW, deployment, job, pod, registry, resource, seen, serving, version
from given.report.told import PLAIN, message, told, was_ready, words

WITHOUT_LOG = replace(given.DEFAULTS, log_uri="")
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
    "action",
    [
        pytest.param(RefreshSecret("inference"), id="the key that reads models"),
        pytest.param(RefreshSecret("log"), id="the key that writes the log"),
    ],
)
def test_what_serving_needs_and_may_not_be_written_is_told(action: Action) -> None:
    found = told(was_ready(3), refusals=(Refusal(action, "forbidden by policy", True),))
    assert words(found, "RolledOut") == ("False", "ChildRefused")
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
