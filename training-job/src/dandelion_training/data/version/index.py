"""What is known of every object of a dataset, so that a second look reads only what is new.

An object that has the key, the size and the ETag it had before has the content it had before. The
index lies beside its version and takes no part in the digest: without it everything is read again,
and the same version comes out. `ingest` fills it.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dandelion_training.data.images.fingerprint import Fingerprint
from dandelion_training.data.version.manifest import VersionError, line, read_lines
from dandelion_training.ports.storage import StoredObject

API_VERSION = "dandelion.dev/dataset-index/v1"


@dataclass(frozen=True, slots=True)
class UsableImage:
    """An image that can be learnt from."""

    sha256: str
    fingerprint: Fingerprint
    width: int  # pixels, as a viewer shows it
    height: int
    version_id: str = ""  # of the object, where its bucket keeps versions


@dataclass(frozen=True, slots=True)
class UnusableFile:
    """A file whose content cannot be learnt from, and why."""

    reason: str


Finding = UsableImage | UnusableFile


class Index:
    """Findings by object. `generation` names how findings come about: the reader of pictures and
    the fingerprint. Findings of another generation are not believed.
    """

    def __init__(
        self, generation: str, findings: Mapping[str, tuple[StoredObject, Finding]] | None = None
    ) -> None:
        self.generation = generation
        self._findings = dict(findings or {})

    def __len__(self) -> int:
        return len(self._findings)

    def add(self, found: StoredObject, finding: Finding) -> None:
        self._findings[found.name] = (found, finding)

    def get(self, wanted: StoredObject) -> Finding | None:
        """What is known of exactly this object."""
        known = self._findings.get(wanted.name)
        if known is None or not wanted.etag or known[0] != wanted:
            return None
        return known[1]

    def of(self, objects: Iterable[StoredObject]) -> "Index":
        """What is known of these objects, and of no others."""
        kept = ((item, self.get(item)) for item in objects)
        return Index(
            self.generation, {item.name: (item, found) for item, found in kept if found is not None}
        )

    def find(self, name: str) -> Finding | None:
        """What is known of the object that was last seen under a name."""
        known = self._findings.get(name)
        return None if known is None else known[1]

    def __getitem__(self, name: str) -> Finding:
        return self._findings[name][1]

    def lines(self) -> Iterator[bytes]:
        yield line({"apiVersion": API_VERSION, "generation": self.generation})
        for name in sorted(self._findings):
            found, finding = self._findings[name]
            row: dict[str, object] = {"key": name, "size": found.size, "etag": found.etag}
            if isinstance(finding, UnusableFile):
                row["rejected"] = finding.reason
            else:
                row |= {
                    "sha256": finding.sha256,
                    "fingerprint": base64.b64encode(finding.fingerprint).decode(),
                    "width": finding.width,
                    "height": finding.height,
                }
                if finding.version_id:
                    row["versionId"] = finding.version_id
            yield line(row)


def read_index(path: Path) -> Index:
    """The index in a file; raises VersionError."""
    rows = read_lines(path)
    header = next(rows, None)
    if header is None or header.get("apiVersion") != API_VERSION:
        raise VersionError(f"its first line does not name {API_VERSION}")
    try:
        index = Index(str(header["generation"]))
        for row in rows:
            index.add(StoredObject(row["key"], row["size"], row["etag"]), _finding(row))
    except (KeyError, TypeError, binascii.Error) as error:
        raise VersionError(f"is incomplete: {error}") from error
    return index


def _finding(row: Mapping[str, object]) -> Finding:
    if "rejected" in row:
        return UnusableFile(str(row["rejected"]))
    width, height = row["width"], row["height"]
    if not isinstance(width, int) or not isinstance(height, int):
        raise TypeError("width and height are no numbers")
    return UsableImage(
        sha256=str(row["sha256"]),
        fingerprint=Fingerprint(base64.b64decode(str(row["fingerprint"]), validate=True)),
        width=width,
        height=height,
        version_id=str(row.get("versionId", "")),
    )


def unknown(objects: Iterable[StoredObject], index: Index) -> list[StoredObject]:
    """The objects that have to be read."""
    return [item for item in objects if index.get(item) is None]
