"""The dataset as one immutable document, named by its digest: which files, with what content, in
which split.

`pipeline` writes it before training, so that every model can be traced to the very bytes it was
made from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dandelion_training.data.split import Split
from dandelion_training.ports.documents import canonical_json

API_VERSION = "dandelion.dev/dataset/v1"


@dataclass(frozen=True)
class Entry:
    """One image of the dataset; `key` is relative to the dataset's storageUri."""

    key: str
    sha256: str
    label: str
    split: Split


def manifest(storage_uri: str, classes: Sequence[str], entries: Sequence[Entry]) -> bytes:
    images: list[Mapping[str, str]] = [
        {"key": e.key, "label": e.label, "sha256": e.sha256, "split": e.split.value}
        for e in sorted(entries, key=lambda e: e.key)
    ]
    return canonical_json(
        {
            "apiVersion": API_VERSION,
            "storageUri": storage_uri,
            "classes": list(classes),
            "images": images,
        }
    )
