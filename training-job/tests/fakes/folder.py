"""An object store in a folder, which several processes may use at a time."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from dandelion_training.ports.storage import Fetched, Location, ObjectFault, StoredObject
from fakes.s3 import etag_of


class FolderStore:
    """An object is a file that is named by its URI; it is there as a whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, uri: str, content: bytes) -> None:
        file, name = tempfile.mkstemp(dir=self._folder, prefix=".")
        with os.fdopen(file, "wb") as writing:
            writing.write(content)
        shutil.move(name, self._folder / quote(uri, safe=""))

    def get(self, uri: str) -> bytes | None:
        try:
            return (self._folder / quote(uri, safe="")).read_bytes()
        except FileNotFoundError:
            return None

    def uris(self) -> list[str]:
        files = (path.name for path in self._folder.iterdir())
        return sorted(unquote(name) for name in files if not name.startswith("."))

    def list(self, prefix: Location, beginning: str = "") -> Iterator[StoredObject]:
        root = f"{prefix}/"
        for uri in self.uris():
            if uri.startswith(f"{root}{beginning}"):
                content = self.get(uri) or b""
                yield StoredObject(uri.removeprefix(root), len(content), etag_of(content))

    def fetch(self, location: Location, *, etag: str = "", version_id: str = "") -> Fetched:
        content = self.get(str(location))
        if content is None:
            raise ObjectFault("it was removed while the dataset was being read")
        return Fetched(content)

    def read(self, location: Location) -> bytes | None:
        return self.get(str(location))

    def write(self, location: Location, content: bytes | Path, content_type: str) -> None:
        self.put(str(location), content.read_bytes() if isinstance(content, Path) else content)

    def delete(self, location: Location) -> None:
        (self._folder / quote(str(location), safe="")).unlink(missing_ok=True)
