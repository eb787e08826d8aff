"""Where the versions of one ModelDeployment's dataset are kept, each in a folder of its digest.

The manifest is written after what lies beside it, and the note of what it was made from last: a
version that is found is whole, and a run that is begun again finds what the first one made.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path

from dandelion_training.data.version import objects as listed
from dandelion_training.data.version.index import Index, read_index
from dandelion_training.data.version.manifest import (
    DatasetVersion,
    VersionError,
    name_of,
    read_version,
    write_lines,
)
from dandelion_training.data.version.report import VersionReport, read_report
from dandelion_training.ports.documents import canonical_json
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import (
    Fetched,
    Location,
    ObjectFault,
    ObjectStore,
    StoredObject,
)

IMAGES, URLS = "images", "urls"  # copies of images, notes of what was fetched
MANIFEST, INDEX, REPORT, INPUTS = "manifest.jsonl.gz", "index.jsonl.gz", "report.json", "inputs"
OBJECTS = "objects.bin"
GZIP, JSON, BINARY = "application/gzip", "application/json", "application/octet-stream"


class Library:
    """Versions below `root`; `work` is a folder for files on their way."""

    def __init__(self, store: ObjectStore, root: Location, work: Path) -> None:
        self._store = store
        self._root = root
        self._work = work

    def find(self, inputs: str) -> tuple[str, VersionReport] | None:
        """The digest of the version that was made from these inputs, and what was told then."""
        content = self._store.read(self._inputs(inputs))
        if content is None:
            return None
        try:
            note = json.loads(content)
            return str(note["version"]), read_report(json.dumps(note["report"]).encode())
        except (ValueError, KeyError, TypeError, VersionError):
            return None  # it only saves work

    def beginning_with(self, name: str) -> list[str]:
        """The digests of the versions whose hexadecimal digits begin so."""
        found = (item.name.partition("/") for item in self._store.list(self._root, name))
        return sorted(f"sha256:{folder}" for folder, _, file in found if file == MANIFEST)

    def version(self, digest: str) -> DatasetVersion:
        """The version of a digest; TrainingFailure where it is gone or is another one."""
        found = self.version_if_there(digest)
        if found is None:
            raise TrainingFailure(
                Reason.DATASET_VERSION_UNAVAILABLE,
                f"There is no dataset version {digest} at {self._place(digest, MANIFEST)}. Write a"
                " digest from status.dataset.version, or leave spec.dataset.version out for the"
                " newest.",
            )
        return found

    def version_if_there(self, digest: str) -> DatasetVersion | None:
        """The same, and None where it is gone."""
        place = self._place(digest, MANIFEST)
        content = self._store.read(place)
        if content is None:
            return None
        try:
            with self._file(content) as path:
                return read_version(path, digest)
        except VersionError as error:
            raise TrainingFailure(
                Reason.DATASET_VERSION_UNAVAILABLE, f"The dataset version at {place} {error}."
            ) from error

    def index(self, digest: str) -> Index | None:
        """What was known of the objects of a version; nothing where that cannot be read."""
        content = self._store.read(self._place(digest, INDEX))
        if content is None:
            return None
        try:
            with self._file(content) as path:
                return read_index(path)
        except VersionError:
            return None

    def report(self, digest: str) -> VersionReport | None:
        content = self._store.read(self._place(digest, REPORT))
        if content is None:
            return None
        try:
            return read_report(content)
        except VersionError:
            return None

    @property
    def images(self) -> Location:
        """Where copies of images lie, each named by its SHA-256."""
        return self._root.child(IMAGES)

    @property
    def urls(self) -> Location:
        """Where notes of fetched addresses lie."""
        return self._root.child(URLS)

    def fetched(self, sha256: str) -> Fetched:
        """The copy of an image that was fetched from an address; raises ObjectFault."""
        content = self._store.read(self.images.child(sha256))
        if content is None:
            raise ObjectFault(f"its copy at {self.images.child(sha256)} is gone")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ObjectFault(f"its copy at {self.images.child(sha256)} has changed")
        return Fetched(content)

    def keep(
        self,
        version: DatasetVersion,
        index: Index,
        report: VersionReport,
        objects: Iterable[StoredObject],
        inputs: str,
        lines: Set[bytes] = frozenset(),
    ) -> None:
        """Store a version and what lies beside it.

        What is stored of a version stays: the same images found again in another look at the bucket
        only renew the index, which saves reading, and `objects`, which are all that were listed,
        with `lines` of the table of addresses, and leave a note of that look.
        """
        self._write(version.digest, INDEX, index.lines())
        self.keep_objects(version.digest, objects, lines)
        if self._store.read(self._place(version.digest, MANIFEST)) is None:
            self._store.write(self._place(version.digest, REPORT), report.encoded(), JSON)
            self._write(version.digest, MANIFEST, version.lines())
        note = {"version": version.digest, "report": json.loads(report.encoded())}
        self._store.write(self._inputs(inputs), canonical_json(note), JSON)

    def keep_objects(self, digest: str, objects: Iterable[StoredObject], lines: Set[bytes]) -> None:
        """Store which objects were listed when a version was made, or found, last, and which lines
        the table of addresses had (their digests; none where there is no table).
        """
        place, content = self._place(digest, OBJECTS), listed.encoded(objects, lines)
        if self._store.read(place) != content:
            self._store.write(place, content, BINARY)

    def _write(self, digest: str, name: str, lines: Iterable[bytes]) -> None:
        with tempfile.TemporaryDirectory(dir=self._work) as folder:
            path = Path(folder) / name
            write_lines(lines, path)
            self._store.write(self._place(digest, name), path, GZIP)

    def _place(self, digest: str, name: str) -> Location:
        return self._root.child(f"{name_of(digest)}/{name}")

    def _inputs(self, inputs: str) -> Location:
        return self._root.child(f"{INPUTS}/{inputs}.json")

    @contextmanager
    def _file(self, content: bytes) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self._work) as folder:
            path = Path(folder) / "document"
            path.write_bytes(content)
            yield path
