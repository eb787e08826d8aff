"""What a dataset version is made from: what lies in the bucket, what was fetched from addresses,
what is wished for, and one name for all of it. `dataset` makes the version.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dandelion_training.data.clean import OnSmallClass
from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout.fetched import NOTHING_FETCHED, Fetched, FetchedImage
from dandelion_training.data.layout.reviewed import NOTHING_REVIEWED, Reviewed
from dandelion_training.data.layout.table import MAXIMUM_BYTES, folder_of, is_table
from dandelion_training.data.version.manifest import line
from dandelion_training.ports.storage import Location, ObjectStore, StoredObject


@dataclass(frozen=True)
class Wanted:
    """What decides about a version beside the objects themselves."""

    source: Location  # a folder, or a table of labels
    holdout_fraction: float
    on_small_class: OnSmallClass = OnSmallClass.REFUSE
    former: str = ""  # digest of the version before, empty where there is none
    ancestors: tuple[str, ...] = ()  # digests of what the starting weights learnt from


def inputs_digest(
    wanted: Wanted,
    generation: str,
    objects: Sequence[StoredObject],
    fetched: Fetched = NOTHING_FETCHED,
    reviewed: Reviewed = NOTHING_REVIEWED,
) -> str:
    """A name for all that a version follows from."""
    found = hashlib.sha256()
    found.update(
        line(
            {
                "source": str(wanted.source),
                "holdoutFraction": wanted.holdout_fraction,
                "onSmallClass": wanted.on_small_class.value,
                "former": wanted.former,
                "ancestors": sorted(wanted.ancestors),
                "generation": generation,
            }
        )
    )
    for item in objects:
        found.update(line([item.name, item.size, item.etag]))
    for image in fetched.images:
        found.update(line(["fetched", *image]))
    for left_out in fetched.rejected:
        found.update(line(["not fetched", left_out.key, left_out.reason, left_out.label]))
    origins = reviewed.origins
    for image in reviewed.images:
        found.update(line(["reviewed", *image, origins.get(image.key, "")]))
    for left_out in reviewed.rejected:
        found.update(line(["not kept", left_out.key, left_out.reason, left_out.label]))
    return found.hexdigest()


def listed(
    store: ObjectStore, source: Location
) -> tuple[bytes | None, Location, list[StoredObject]]:
    """The table of labels where there is one, the folder of the images, and what lies in it."""
    if not is_table(str(source)):
        return None, source, _sorted(store.list(source))
    folder = Location.parse(folder_of(str(source)))
    objects = _sorted(store.list(folder))
    name = source.key.rpartition("/")[2]
    size = next((item.size for item in objects if item.name == name), None)
    if size is not None and size > MAXIMUM_BYTES:
        raise DatasetError(
            Refusal.LABELS_INVALID,
            f"{source} is larger than {MAXIMUM_BYTES // 1024**2} MiB. Split the dataset.",
        )
    table = store.read(source)
    if table is None:
        raise DatasetError(
            Refusal.DATASET_EMPTY,
            f"There is no table of labels at {source}. Upload it, or correct"
            " spec.dataset.storageUri.",
        )
    return table, folder, objects


def copy_of(image: FetchedImage) -> StoredObject:
    """As an object of a listing: its content is what tells it from another."""
    return StoredObject(image.key, image.size, image.sha256)


def _sorted(objects: Iterable[StoredObject]) -> list[StoredObject]:
    return sorted(objects, key=lambda item: item.name)
