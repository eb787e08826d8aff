"""Accepted?: can this spec be worked on at all."""

from __future__ import annotations

from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan.decisions import Acceptance
from dandelion_operator.seen.conclusions.keys import notes
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen


def accept(resource: Resource, observed: Observed, location: Location) -> Acceptance:
    known = (
        location.image_denied,
        location.denied,
        observed.credentials,
        _log(resource, location),
        observed.dataset,
    )
    for obstacle in known:
        if isinstance(obstacle, Failure):
            return Acceptance(False, obstacle.reason, obstacle.message)
    uri, dataset = resource.spec.dataset.storage_uri, observed.dataset
    words = f"the dataset {uri} is looked at when a run is to be started"
    if resource.spec.triggers.new_images is not None:
        words = f"the dataset {uri} is looked at for new images"
    elif isinstance(dataset, DatasetSeen):
        words = f"the dataset {uri} can be read"
    if isinstance(dataset, DatasetSeen) and dataset.cut:
        words += f"; {dataset.cut}"
    words = "; ".join((words, *notes(observed.keys), *_held(observed)))
    return Acceptance(True, Reason.VALID, words + _unknown(resource))


def _held(observed: Observed) -> tuple[str, ...]:
    if not observed.secrets.held:
        return ()
    purposes = " and ".join(sorted(observed.secrets.held))
    return (
        f"the Secrets for {purposes} hold keys until the pods that were made with them are gone",
    )


def _unknown(resource: Resource) -> str:
    if not resource.unknown:
        return ""
    return f"; this operator does not know {', '.join(resource.unknown)}: upgrade it to use them"


def _log(resource: Resource, location: Location) -> Failure | None:
    logging, log = resource.spec.serving.logging, location.log
    wanted = (logging.storage_uri or "").rstrip("/")
    if not logging.is_asked_for or (log is not None and wanted in ("", log.uri)):
        return None
    if not wanted:
        return Failure(
            Reason.LOG_UNAVAILABLE,
            "the installation keeps no log of predictions, and there is no place for it: write "
            "spec.serving.logging.storageUri, or leave spec.serving.logging.images out",
        )
    meanwhile = f"; meanwhile they are logged to {log.uri}" if log is not None else ""
    return Failure(
        Reason.LOG_UNAVAILABLE,
        f"predictions cannot be logged to {wanted}: no key may write there: bring one in "
        f"spec.storage.servingSecretRef, or leave spec.serving.logging.storageUri out; the "
        f"installation's key writes to the installation's place alone{meanwhile}",
    )
