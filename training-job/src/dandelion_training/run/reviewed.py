"""The images of the prediction log that people decided about, kept as copies for good.

`preparation` calls `reviewed` before the dataset is listed, where answers are reviewed.
"""

from collections.abc import Sequence

import structlog

from dandelion_training.data.copies import Copies
from dandelion_training.data.ingest import completed
from dandelion_training.data.layout.assignments import Rejected
from dandelion_training.data.layout.fetched import FetchedImage
from dandelion_training.data.layout.reviewed import Reviewed, key_of
from dandelion_training.data.version.library import Library
from dandelion_training.ports.settings import Settings
from dandelion_training.ports.storage import MountedCredentials, ObjectStore
from dandelion_training.review import decisions
from dandelion_training.review.decisions import Decision, Signer
from dandelion_training.review.prediction_log import kept_image

log = structlog.get_logger()


def reviewed(store: ObjectStore, settings: Settings, library: Library, transfers: int) -> Reviewed:
    """What is to join the dataset; so many images are copied at a time."""
    assert settings.log_uri is not None
    assert settings.decisions_uri is not None
    resource = (settings.namespace, settings.name)
    secret = MountedCredentials(settings.s3_credentials_dir).retrieve().secret_key
    place = decisions.place_of(settings.decisions_uri, *resource)
    decided = decisions.read(store, place, Signer(*resource, secret.encode()))
    if decided.refused:
        log.warning("decisions do not count, as this key did not sign them", rows=decided.refused)
    copies = Copies(store, library.images)
    home = settings.log_uri.child(settings.namespace).child(settings.name)

    def take(decision: Decision) -> FetchedImage | Rejected | None:
        if decision.label is None:
            return None
        key = key_of(decision.id, decision.index)
        size = copies.size(decision.image)
        if size is None:
            content = kept_image(store, home, decision.image)
            if content is None:
                return Rejected(key, "the prediction log keeps its image no more", decision.label)
            copies.keep(decision.image, content)
            size = len(content)
        return FetchedImage(key, decision.label, decision.image, size)

    return _sorted(list(completed(take, list(decided.by_image.values()), transfers)))


def _sorted(taken: Sequence[FetchedImage | Rejected | None]) -> Reviewed:
    return Reviewed(
        images=sorted(item for item in taken if isinstance(item, FetchedImage)),
        rejected=sorted(
            (item for item in taken if isinstance(item, Rejected)), key=lambda item: item.key
        ),
    )
