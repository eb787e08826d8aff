"""Accepted: whether this spec can be worked on, and what is noteworthy about its dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.reasons.facts import FALSE, TRUE, UNKNOWN
from dandelion_operator.api.resource import INGEST_ANNOTATION
from dandelion_operator.api.status.dataset import DatasetInfo
from dandelion_operator.api.status.ingest import Ingest, IngestState
from dandelion_operator.loop.decide.plan.decisions import Acceptance
from dandelion_operator.loop.report.conditions.builder import PartialCondition


def accepted(
    acceptance: Acceptance,
    dataset: DatasetInfo | None,
    contested: Sequence[str] = (),
    ingest: Ingest | None = None,
) -> PartialCondition:
    """`dataset` is the version that was made for this spec, `ingest` the last reading of the images
    that somebody asked for; None where there is none.
    """
    if acceptance.reason is Reason.DATASET_LISTING:
        return UNKNOWN, acceptance.reason, acceptance.message
    if not acceptance.accepted:
        return FALSE, acceptance.reason, acceptance.message
    said = "; ".join((acceptance.message, *_of_ingest(ingest), *contested))
    if dataset is not None and dataset.rejects_many:
        counted = dataset.rejected_files
        said += (
            f"; {dataset.rejected_share:.0%} of its files ({counted:,} of "
            f"{(dataset.images or 0) + counted:,}) were rejected: {_reasons(dataset.rejected)}"
        )
    if dataset is not None and dataset.warnings:
        count = len(dataset.warnings)
        said += f"; {count} warning{'' if count == 1 else 's'} in status.dataset.warnings"
    return TRUE, acceptance.reason, said


def _of_ingest(ingest: Ingest | None) -> Iterator[str]:
    """That the images could not be read when somebody asked for it, or why they are not yet."""
    if ingest is None:
        return
    cause = ": ".join(filter(None, (ingest.reason, ingest.message)))
    if ingest.state is IngestState.FAILED:
        yield f"the images could not be read as {INGEST_ANNOTATION} asks: {cause}"
    elif ingest.state is IngestState.REFUSED:
        yield f"the images are not read as {INGEST_ANNOTATION} asks: {cause}"
    elif ingest.state is IngestState.PENDING and cause:
        yield f"{INGEST_ANNOTATION} waits: {cause}"


def _reasons(rejected: dict[str, int]) -> str:
    most_first = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {count:,}" for reason, count in most_first[:5])
