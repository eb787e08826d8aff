"""What the status tells of the newest dataset version."""

from __future__ import annotations

from dandelion_operator.api.status.dataset import CLASS_LIMIT, Addresses, DatasetInfo
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import AddressesSeen
from dandelion_operator.seen.versions import ContractSeen

DIGITS = 4


def dataset(observed: Observed, last: LastRun | None) -> DatasetInfo | None:
    """From the run that made it; where that is gone, what its artifact's contract still tells."""
    before, made = observed.previous.dataset, observed.progress.dataset
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
            warnings=made.warnings,
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


def _addresses(seen: AddressesSeen | None) -> Addresses | None:
    if seen is None:
        return None
    return Addresses(fetched=seen.fetched, known=seen.known, failed=seen.failed)


def _share(part: int | None, whole: int | None) -> float | None:
    return round(part / whole, DIGITS) if part is not None and whole else None
