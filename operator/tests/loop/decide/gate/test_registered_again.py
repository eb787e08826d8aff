"""Promote?: what is registered again is judged anew, unless it was the champion or nobody knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan.versions import RegisterVersion
from dandelion_operator.seen.training import JobSeen
from dandelion_operator.seen.versions import StoredArtifact
from given import NOW, job, registry, seen, status, training, version
from given.report.told import PLAIN

ENDED = job("run5", RunState.SUCCEEDED, training_hash="of the Job")
LAST = training("run5", training_hash="of the status")
SERVED = training("run2", training_hash="of the status")


def trained(number: int) -> dict[str, Any]:
    return {
        "time": NOW,
        "decision": "TrainingSucceeded",
        "version": str(number),
        "reason": f"run run{number}",
    }


def followed(number: int) -> dict[str, Any]:
    return {"time": NOW, "decision": "Promoted", "version": str(number), "reason": "it passes"}


def again(
    number: int, last: dict[str, Any] | None, history: list[Any], jobs: tuple[JobSeen, ...]
) -> RegisterVersion:
    """Of a lost registry this one version is left in S3; version 2 served."""
    about = version(number)
    told = {} if last is None else {"training": last}
    observed = seen(
        previous=status(champion={"version": "2", "digest": "sha256:2"}, history=history, **told),
        registry=replace(registry(), restoring=True, created=100),
        stored=(StoredArtifact(about.run, about.source, about.contract_digest),),
        jobs=jobs,
    )
    _, action = promote(PLAIN, observed).actions
    assert isinstance(action, RegisterVersion)
    return action


@pytest.mark.parametrize(
    ("number", "last", "history", "jobs", "of", "verdict"),
    [
        pytest.param(
            *(5, None, [], (ENDED,), "of the Job", ""), id="judged where only its Job knows it"
        ),
        pytest.param(
            *(5, LAST | {"state": "Running"}, [], (), "of the status", ""),
            id="judged where its run had not ended",
        ),
        pytest.param(
            *(5, LAST | {"state": "Running"}, [followed(6), trained(6)], (), "of the status", ""),
            id="judged although the version of another run was the champion",
        ),
        pytest.param(
            *(5, LAST, [trained(5)], (), "of the status", ""),
            id="judged where it never was the champion",
        ),
        pytest.param(
            *(5, LAST, [trained(5), followed(4)], (), "of the status", ""),
            id="judged where another one was the champion",
        ),
        pytest.param(
            *(5, LAST, [trained(5)], (ENDED,), "of the Job", ""),
            id="judged as its Job says, which knows best",
        ),
        pytest.param(
            *(5, LAST, [followed(5), trained(5)], (), "of the status", "restored"),
            id="not judged where it was the champion once",
        ),
        pytest.param(
            *(5, LAST, [], (), "of the status", "restored"),
            id="not judged where the history does not tell what became of it",
        ),
        pytest.param(
            *(5, SERVED, [], (ENDED,), "of the Job", ""),
            id="judged where the history tells of another run",
        ),
        pytest.param(
            *(2, SERVED, [trained(2)], (), "of the status", "restored"),
            id="not judged where it serves",
        ),
        pytest.param(*(5, None, [], (), "", "restored"), id="not judged where nobody knows it"),
    ],
)
def test_a_version_is_registered_again_and(
    number: int,
    last: dict[str, Any] | None,
    history: list[Any],
    jobs: tuple[JobSeen, ...],
    of: str,
    verdict: str,
) -> None:
    found = again(number, last, history, jobs)
    assert (found.training_hash, found.verdict) == (of, verdict)
