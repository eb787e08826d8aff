"""An object store in a dictionary."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from dandelion_training.ports.storage import Fetched, Location, ObjectFault, StoredObject


def etag_of(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class MemoryStore:
    """Buckets in a dictionary. `before_write` may raise, to cut a run off at that write; `faults`
    says by URI why an object cannot be read; `fetched` are the objects that were.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.written: list[str] = []
        self.fetched: list[str] = []
        self.faults: dict[str, str] = {}
        self.before_write: Callable[[str], None] = lambda key: None

    def list(self, prefix: Location, beginning: str = "") -> Iterator[StoredObject]:
        root = f"{prefix}/"
        for uri, content in sorted(self.objects.items()):
            if uri.startswith(f"{root}{beginning}"):
                yield StoredObject(uri.removeprefix(root), len(content), etag_of(content))

    def fetch(self, location: Location, *, etag: str = "", version_id: str = "") -> Fetched:
        self.fetched.append(str(location))
        content = self.objects.get(str(location))
        if str(location) in self.faults:
            raise ObjectFault(self.faults[str(location)])
        if content is None or (etag and etag != etag_of(content)):
            raise ObjectFault("it was changed while the dataset was being read")
        return Fetched(content)

    def read(self, location: Location) -> bytes | None:
        return self.objects.get(str(location))

    def write(self, location: Location, content: bytes | Path, content_type: str) -> None:
        self.before_write(str(location))
        self.objects[str(location)] = content.read_bytes() if isinstance(content, Path) else content
        self.written.append(str(location))

    def delete(self, location: Location) -> None:
        self.objects.pop(str(location), None)
