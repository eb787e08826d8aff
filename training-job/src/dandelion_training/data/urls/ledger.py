"""Which addresses were fetched before, and what came of them.

One object an address, written after the image: its name holds the digests of both, so a listing
tells all that a run needs, and its content tells people where an image came from. Only what was
taken is noted; what failed is tried again in the next run.
"""

from collections.abc import Mapping

from dandelion_training.data.copies import Copies
from dandelion_training.data.urls.table import Named
from dandelion_training.ports.documents import canonical_json
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.ports.web.download import Download

JSON = "application/json"


class Ledger:
    """The notes below `root`, of images in `copies`."""

    def __init__(self, store: ObjectStore, root: Location, copies: Copies) -> None:
        self._store = store
        self._root = root
        self._copies = copies
        self._taken: Mapping[str, str] = dict(_pair(item.name) for item in store.list(root))

    def find(self, named: Named) -> tuple[str, int] | None:
        """SHA-256 and size of the image that an address had; None where it is to be fetched."""
        sha256 = self._taken.get(named.name)
        size = self._copies.size(sha256) if sha256 else None
        return None if sha256 is None or size is None else (sha256, size)

    def keep(self, named: Named, sha256: str, download: Download) -> None:
        """The image first: a note without one would be a loss, and an image without a note is only
        fetched again.
        """
        self._copies.keep(sha256, download.content)
        note = {
            "address": named.address.shown,
            "sha256": sha256,
            "size": len(download.content),
            "etag": download.etag,
            "lastModified": download.last_modified,
        }
        place = self._root.child(f"{named.name}/{sha256}")
        self._store.write(place, canonical_json(note), JSON)


def _pair(name: str) -> tuple[str, str]:
    address, _, sha256 = name.partition("/")
    return address, sha256
