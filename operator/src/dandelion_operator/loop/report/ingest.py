"""What the status tells of a reading of the images that a person asked for."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.ingest import Ingest, IngestState
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan import Plan, Refusal
from dandelion_operator.loop.decide.plan.decisions import IngestDecision, IngestPhase
from dandelion_operator.loop.decide.plan.jobs import StartIngest
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetVersionSeen, IngestJobSeen, Progress

DIGITS = len("sha256:") + 8
NAMED = 5
STATES = {
    IngestPhase.PENDING: IngestState.PENDING,
    IngestPhase.COMPLETE: IngestState.SUCCEEDED,
    IngestPhase.FAILED: IngestState.FAILED,
    IngestPhase.REFUSED: IngestState.REFUSED,
    IngestPhase.STOPPED: IngestState.STOPPED,
}
# What is counted of an ingest, in the words of its message.
CHANGES = {
    "added": "added",
    "removed": "removed",
    "changed": "changed",
    "relabelled": "with another label",
    "renamed": "renamed",
    "movedSplit": "moved to the other split",
}
CLASSES = {"classesGained": "gained", "classesLost": "lost"}


def ingest(
    resource: Resource,
    observed: Observed,
    plan: Plan,
    refusals: Sequence[Refusal],
    now: str,
) -> Ingest | None:
    before, decision = observed.previous.ingest, plan.ingest
    if decision.phase is IngestPhase.NOTHING:
        return before
    known = before if before is not None and before.value == decision.value else None
    if known is None:
        asked_by = resource.asked_by("ingest", decision.value)
        known = Ingest(value=decision.value, requested_by=asked_by)
    job, progress = _newest(resource, observed, decision, known), observed.ingest_progress
    state = STATES.get(decision.phase) or _of_job(job)
    refused = next((item for item in refusals if isinstance(item.action, StartIngest)), None)
    reason, message = decision.reason, decision.message
    if refused is not None:
        reason = Reason.NAME_TAKEN if refused.name_taken else None
        message = f"the Job is refused: {refused.message}"
    found = progress.dataset if state is IngestState.SUCCEEDED else None
    return Ingest(
        value=known.value,
        state=state,
        job_name=job.name if job is not None else known.job_name,
        attempts=max(known.attempts, job.attempt if job is not None else 0),
        progress_percent=_percent(state, known, progress),
        stage=progress.stage if state is IngestState.RUNNING else None,
        requested_by=known.requested_by,
        started_at=job.created if job is not None else known.started_at,
        finished_at=(job.finished if job is not None else None) or now if state.finished else None,
        reason=str(reason) if reason is not None else None,
        message=told(found) if found is not None else message,
        dataset_version=found.version if found is not None else None,
        since=found.since if found is not None else None,
        changes=dict(found.changes) if found is not None else {},
    )


def _newest(
    resource: Resource, observed: Observed, decision: IngestDecision, known: Ingest
) -> IngestJobSeen | None:
    """Its newest Job; what was stopped needs none any more."""
    if decision.phase in (IngestPhase.STOPPED, IngestPhase.REFUSED):
        return None
    wanted = digests.ingest(resource.uid, decision.value)
    own = (job for job in observed.ingests if job.ingest == wanted)
    newer = (job for job in own if job.attempt >= known.attempts)
    return max(newer, key=lambda job: job.attempt, default=None)


def _of_job(job: IngestJobSeen | None) -> IngestState:
    runs = job is not None and job.state in (RunState.RUNNING, RunState.SUCCEEDED)
    return IngestState.RUNNING if runs else IngestState.PENDING


def _percent(state: IngestState, known: Ingest, progress: Progress) -> int:
    if state is IngestState.SUCCEEDED:
        return 100
    if state is not IngestState.RUNNING:
        return known.progress_percent if state.finished else 0
    return max(0, min(progress.percent, 100))


def told(found: DatasetVersionSeen) -> str:
    """What was found, in words."""
    images = _counted(found.images, "image")
    classes = _counted(found.class_count, "class", "classes")
    what = f"{images} of {classes}, {found.holdout or 0:,} held out"
    if found.since == found.version:
        words = [f"no change since dataset version {short(found.version)}: {what}"]
    else:
        words = [f"dataset version {short(found.version)}: {what}"]
        if found.since is not None:
            words.append(f"since version {short(found.since)} {_changes(found)}")
    if found.rejected:
        most = sorted(found.rejected.items(), key=lambda item: (-item[1], item[0]))[:NAMED]
        words.append("left out: " + ", ".join(f"{why} {count:,}" for why, count in most))
    if found.warnings:
        words.append(f"{_counted(len(found.warnings), 'warning')} in status.dataset.warnings")
    return "; ".join(words)


def _changes(found: DatasetVersionSeen) -> str:
    counts = found.changes
    said = [f"{counts[name]:,} {words}" for name, words in CHANGES.items() if counts.get(name)]
    said += [
        f"{_counted(counts[name], 'class', 'classes')} {words}"
        for name, words in CLASSES.items()
        if counts.get(name)
    ]
    return ", ".join(said) or "no image has changed, but how they are split"


def _counted(count: int | None, one: str, many: str = "") -> str:
    return f"{count or 0:,} {one if count == 1 else many or f'{one}s'}"


def short(version: str) -> str:
    return f"{version[:DIGITS]}…"
