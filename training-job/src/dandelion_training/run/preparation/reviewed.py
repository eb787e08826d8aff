"""The images of the prediction log that people decided about or callers agree on, kept as copies
for good.

`preparation` calls `reviewed` before the dataset is listed, where answers are reviewed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from dandelion_training.data.copies import Copies
from dandelion_training.data.ingest import completed
from dandelion_training.data.layout.assignments import Rejected
from dandelion_training.data.layout.fetched import FetchedImage
from dandelion_training.data.layout.reviewed import Reviewed, key_of
from dandelion_training.data.version.library import Library
from dandelion_training.ports.settings import DatasetSettings
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.review import decisions
from dandelion_training.review.decisions import Decision, Signer
from dandelion_training.review.prediction_log import AnswerKey, kept_image
from dandelion_training.run.preparation.agreed import agreed

log = structlog.get_logger()


@dataclass(frozen=True)
class Accepted:
    """A logged image with a label; either who reviewed it, or how many callers agree."""

    answer: AnswerKey
    image: str
    label: str
    by: str = ""
    callers: int = 0

    @property
    def key(self) -> str:
        return key_of(self.answer.id, self.answer.index)


def reviewed(
    store: ObjectStore, settings: DatasetSettings, library: Library, transfers: int
) -> Reviewed:
    """What is to join the dataset; so many objects are read or copied at a time."""
    assert settings.log_uri is not None
    home = settings.log_uri.child(settings.namespace).child(settings.name)
    accepted = _accepted(store, settings, home, transfers)
    copies = Copies(store, library.images)

    def take(image: Accepted) -> FetchedImage | Rejected:
        size = copies.size(image.image)
        if size is None:
            content = kept_image(store, home, image.image)
            if content is None:
                words = "the prediction log keeps its image no more"
                return Rejected(image.key, words, image.label)
            copies.keep(image.image, content)
            size = len(content)
        return FetchedImage(image.key, image.label, image.image, size)

    taken = list(completed(take, accepted, transfers))
    return Reviewed(
        images=sorted(item for item in taken if isinstance(item, FetchedImage)),
        rejected=sorted(
            (item for item in taken if isinstance(item, Rejected)), key=lambda item: item.key
        ),
        reviewers={image.key: image.by for image in accepted if image.by},
        callers={image.key: image.callers for image in accepted if image.callers},
    )


def _accepted(
    store: ObjectStore, settings: DatasetSettings, home: Location, transfers: int
) -> Sequence[Accepted]:
    """What people decided comes first: about an image of theirs callers are not asked."""
    decided = _decided(store, settings)
    accepted = [
        Accepted(decision.key, decision.image, decision.label, by=decision.by)
        for decision in decided.values()
        if decision.label is not None
    ]
    if settings.min_agreement:
        uid, minimum = settings.model_uid, settings.min_agreement
        accepted += [
            Accepted(found.key, found.image, found.label, callers=found.callers)
            for found in agreed(store, home, uid, minimum, transfers)
            if found.image not in decided
        ]
    return accepted


def _decided(store: ObjectStore, settings: DatasetSettings) -> dict[str, Decision]:
    assert settings.decisions_uri is not None
    resource = (settings.namespace, settings.name)
    signer = Signer(*resource, decisions.key_in(settings.s3_credentials_dir))
    place = decisions.place_of(settings.decisions_uri, *resource)
    decided = decisions.read(store, place, signer)
    if decided.refused:
        log.warning("decisions do not count, as this key did not sign them", rows=decided.refused)
    return decided.by_image
