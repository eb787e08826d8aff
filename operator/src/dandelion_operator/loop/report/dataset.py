"""What the status tells of the newest dataset version."""

from __future__ import annotations

from dandelion_operator.api.status.dataset import CLASS_LIMIT, Addresses, DatasetInfo
from dandelion_operator.api.status.ingest import Ingest, IngestState
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import AddressesSeen
from dandelion_operator.seen.versions import ContractSeen

DIGITS = 4


def dataset(
    observed: Observed, last: LastRun | None, ingest: Ingest | None = None
) -> DatasetInfo | None:
    """From the run that made it; where that is gone, what its artifact's contract still tells.

    Or from an ingest, where that read the images after the run did.
    """
    before, made = observed.previous.dataset, observed.progress.dataset
    warnings = made.warnings if made is not None else ()
    if _is_newer(ingest, last):
        made = observed.ingest_progress.dataset
        if made is None:
            return before
        # What a run said beside that, of the weights it began with for example, stays true of it.
        known = {before.version: before.warnings} if before is not None else {}
        warnings = tuple(dict.fromkeys((*known.get(made.version, ()), *made.warnings)))
    if made is not None:
        return DatasetInfo(
            version=made.version,
            images=made.images,
            class_count=made.class_count,
            classes=made.classes,
            holdout=made.holdout,
            holdout_by_class=dict(made.holdout_by_class),
            share=_share(made.holdout, made.images),
            rejected=dict(made.rejected),
            from_addresses=made.from_addresses,
            from_reviews=made.from_reviews,
            addresses=_addresses(made.addresses),
            warnings=warnings,
        )
    contract = observed.artifacts.get(last.version.version) if last and last.version else None
    if not isinstance(contract, ContractSeen):
        return before
    if before is not None and before.version == contract.dataset_digest:
        return before
    return DatasetInfo(
        version=contract.dataset_digest,
        images=contract.images,
        class_count=len(contract.classes),
        classes=contract.classes if len(contract.classes) <= CLASS_LIMIT else (),
        holdout=contract.holdout,
        share=_share(contract.holdout, contract.images),
    )


def _is_newer(ingest: Ingest | None, last: LastRun | None) -> bool:
    if ingest is None or ingest.state is not IngestState.SUCCEEDED:
        return False
    return ingest.follows(last.started if last is not None else None)


def _addresses(seen: AddressesSeen | None) -> Addresses | None:
    if seen is None:
        return None
    return Addresses(fetched=seen.fetched, known=seen.known, failed=seen.failed)


def _share(part: int | None, whole: int | None) -> float | None:
    return round(part / whole, DIGITS) if part is not None and whole else None
