"""Copies of images, named by their content and shared by all versions of a dataset.

With `spec.dataset.keep: Copies` a version can be rebuilt whatever becomes of the bucket that the
images came from. `load` keeps and reads them. Images that were fetched from addresses lie here in
any case.
"""

import threading

from dandelion_training.ports.storage import Location, ObjectStore

BINARY = "application/octet-stream"


class Copies:
    """The copies below `root`; safe to use from several threads."""

    def __init__(self, store: ObjectStore, root: Location) -> None:
        self._store = store
        self._root = root
        self._lock = threading.Lock()
        self._there = {item.name: item.size for item in store.list(root)}

    def keep(self, sha256: str, content: bytes) -> None:
        with self._lock:
            if sha256 in self._there:
                return
            self._there[sha256] = len(content)
        self._store.write(self._root.child(sha256), content, BINARY)

    def size(self, sha256: str) -> int | None:
        """In bytes; None where there is no such copy."""
        return self._there.get(sha256)

    def read(self, sha256: str) -> bytes | None:
        return self._store.read(self._root.child(sha256)) if sha256 in self._there else None
