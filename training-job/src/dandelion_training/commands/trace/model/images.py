"""Whether every image of a dataset version still has its content.

An object with the key, size and ETag that the version's index knows has the content that was read
then; any other is read. With `read_all` every one is.
"""

import hashlib
from collections.abc import Iterator

from dandelion_training.commands.trace.links import Link, State, broken
from dandelion_training.data.copies import Copies
from dandelion_training.data.ingest import completed
from dandelion_training.data.layout.table import folder_of, is_table
from dandelion_training.data.version.index import Index, UsableImage
from dandelion_training.data.version.library import Library
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.ports.storage import Location, ObjectFault, ObjectStore

TRANSFERS = 16
SHOWN = 20  # broken images that are named one by one
COPIES = "images"  # the folder beside the versions


def images_links(
    store: ObjectStore, root: Location, library: Library, version: DatasetVersion, read_all: bool
) -> Iterator[Link]:
    """One link for all that are whole, and one for each of the others, the first of them by name.
    `root` is where the versions are kept.
    """
    uri = version.storage_uri
    folder = Location.parse(folder_of(uri) if is_table(uri) else uri)
    index = library.index(version.digest)
    known = _known(store, folder, index) if not read_all else {}
    unread = [entry for entry in version.entries if known.get(entry.key) != entry.sha256]
    copies = Copies(store, root.child(COPIES))

    def check(entry: Entry) -> Link | None:
        return _read(store, folder, copies, index, entry)

    wrong = [link for link in completed(check, unread, TRANSFERS) if link is not None]
    wrong.sort(key=lambda link: link.place)
    yield from wrong[:SHOWN]
    if len(wrong) > SHOWN:
        words = f"and {len(wrong) - SHOWN:,} images more"
        yield broken("images", folder, "their content", "another, or none", words)
    if not wrong:
        by_etag = len(version.entries) - len(unread)
        words = f"{by_etag:,} images by size and ETag, {len(unread):,} by SHA-256"
        yield Link("images", State.OK, str(folder), words)


def _known(store: ObjectStore, folder: Location, index: Index | None) -> dict[str, str]:
    """The content of each object that is as it was when it was read, by its key."""
    if index is None:
        return {}
    found = ((item.name, index.get(item)) for item in store.list(folder))
    return {name: known.sha256 for name, known in found if isinstance(known, UsableImage)}


def _read(
    store: ObjectStore, folder: Location, copies: Copies, index: Index | None, entry: Entry
) -> Link | None:
    place, content = folder.child(entry.key), copies.read(entry.sha256)
    known = index.find(entry.key) if index is not None else None
    same = isinstance(known, UsableImage) and known.sha256 == entry.sha256
    version_id = known.version_id if same and isinstance(known, UsableImage) else ""
    if content is None:
        try:
            content = store.fetch(place, version_id=version_id).content
        except ObjectFault as fault:
            return broken("images", place, f"sha256:{entry.sha256}", str(fault))
    found = hashlib.sha256(content).hexdigest()
    if found == entry.sha256:
        return None
    return broken("images", place, f"sha256:{entry.sha256}", f"sha256:{found}")
