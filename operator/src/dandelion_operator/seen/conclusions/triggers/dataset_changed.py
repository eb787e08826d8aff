"""Whether the images are others than those of a run that failed."""

from __future__ import annotations

from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.api.status.training import RunState
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.conclusions.triggers.due_trigger import Due
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen


def other_images_after_a_failure(
    resource: Resource, observed: Observed, last: LastRun
) -> Due | None:
    dataset = observed.dataset
    now = dataset.fingerprint if isinstance(dataset, DatasetSeen) else ""
    if last.state is not RunState.FAILED or not (last.fingerprint and now):
        return None
    if last.fingerprint == now:
        return None
    words = f"the images of {resource.spec.dataset.storage_uri} are others than the failed run's"
    return Due(Trigger.DATASET_CHANGED, "", words)
