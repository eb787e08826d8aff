"""A dataset version: which images, with what content and label, on which side of the split.

It is immutable and named by its digest, so that a run, a comparison or a person can say exactly
what was learnt from and what was evaluated on. `dataset` makes one, every later stage reads it.

The document is JSON Lines: a header, then a line an image in the order of keys. A line at a time is
written and read, so a million images cost little more than their own values.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dandelion_training.data.layout.assignments import Split

API_VERSION = "dandelion.dev/dataset/v2"
LEVEL = 6  # of compression: 9 takes four times as long for two per cent


class VersionError(Exception):
    """The bytes are no dataset version, or not the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image; `key` is relative to the dataset's storageUri. `origin` is who gave it its label,
    where that is neither its folder nor a table.
    """

    key: str
    sha256: str
    label: str
    split: Split
    origin: str = ""


@dataclass(frozen=True)
class DatasetVersion:
    """The images in the order of their keys; `classes` in the order of the network's outputs."""

    storage_uri: str
    classes: tuple[str, ...]
    holdout_fraction: float
    entries: tuple[Entry, ...]

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hash of the document's uncompressed bytes."""
        found = hashlib.sha256()
        for line in self.lines():
            found.update(line)
        return f"sha256:{found.hexdigest()}"

    @cached_property
    def targets(self) -> dict[str, int]:
        """The index of each class among the network's outputs."""
        return {label: index for index, label in enumerate(self.classes)}

    def of(self, split: Split) -> list[Entry]:
        return [entry for entry in self.entries if entry.split is split]

    def splits(self) -> dict[str, Split]:
        """The split of each content, by its SHA-256."""
        return {entry.sha256: entry.split for entry in self.entries}

    def lines(self) -> Iterator[bytes]:
        yield line(
            {
                "apiVersion": API_VERSION,
                "storageUri": self.storage_uri,
                "classes": list(self.classes),
                "holdoutFraction": self.holdout_fraction,
            }
        )
        for entry in self.entries:
            yield line(
                {
                    "key": entry.key,
                    "label": entry.label,
                    "sha256": entry.sha256,
                    "split": entry.split.value,
                    **({"origin": entry.origin} if entry.origin else {}),
                }
            )


def name_of(digest: str) -> str:
    """The folder of a version: its digest without the algorithm."""
    return digest.removeprefix("sha256:")


def line(value: object) -> bytes:
    """One canonical line of JSON: equal content has equal bytes and an equal digest."""
    text = json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return f"{text}\n".encode()


def write_lines(lines: Iterable[bytes], path: Path) -> None:
    """Gzip without a time or a name in it, so that equal lines make equal files."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as file,
    ):
        file.writelines(lines)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a gzipped JSON Lines file; raises VersionError."""
    try:
        with gzip.open(path, "rb") as file:
            for number, text in enumerate(file, 1):
                found = json.loads(text)
                if not isinstance(found, dict):
                    raise VersionError(f"line {number} is no object")
                yield found
    except (OSError, EOFError, ValueError) as error:
        raise VersionError(f"cannot be read: {error}") from error


def read_version(path: Path, digest: str) -> DatasetVersion:
    """The version in a file; raises VersionError where its bytes are not those of the digest."""
    rows = read_lines(path)
    header = next(rows, None)
    if header is None or header.get("apiVersion") != API_VERSION:
        found = "nothing" if header is None else repr(header.get("apiVersion"))
        raise VersionError(f"its first line names {found} where {API_VERSION} is expected")
    labels: dict[str, str] = {}
    try:
        entries = tuple(
            Entry(
                row["key"],
                row["sha256"],
                labels.setdefault(row["label"], row["label"]),
                Split(row["split"]),
                row.get("origin", ""),
            )
            for row in rows
        )
        version = DatasetVersion(
            header["storageUri"],
            tuple(header["classes"]),
            float(header["holdoutFraction"]),
            entries,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise VersionError(f"is incomplete: {error}") from error
    if version.digest != digest:
        raise VersionError(f"holds {version.digest} where {digest} was asked for")
    return version
