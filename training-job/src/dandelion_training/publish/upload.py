"""The artifact's way to the object store.

`pipeline` calls `publish` once everything is made and proven.
"""

from pathlib import Path

from dandelion_training.ports.progress import Progress
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.publish.contract import FILE

JSON = "application/json"
BINARY = "application/octet-stream"
CONTENT_TYPES = {".json": JSON, ".xml": "application/xml"}


def publish(
    store: ObjectStore,
    folder: Location,
    files: tuple[Path, ...],
    content: bytes,
    progress: Progress,
) -> None:
    """Upload the artifact; the contract goes last, so that an artifact with a contract is whole."""
    for number, file in enumerate(files, 1):
        store.write(folder.child(file.name), file, CONTENT_TYPES.get(file.suffix, BINARY))
        progress.advance(number / (len(files) + 1))
    store.write(folder.child(FILE), content, JSON)
