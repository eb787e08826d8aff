"""What people decided about images, for good: objects of signed rows, each made once.

An object is named by the SHA-256 of its rows. A row is signed by HMAC-SHA256 (RFC 2104) with a key
that is derived from the secret S3 key of training, or from what stands for it, as
`ports/storage/credentials.py` says. Serving pods do not have that one, so a pod that was broken
into can forge no decision, even where it may write to the same bucket. Of several decisions about
one image, the one with the latest time counts.
"""

import base64
import gzip
import hashlib
import hmac
import io
import json
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dandelion_training.ports.storage import Location, ObjectStore, StoredObject, batches
from dandelion_training.ports.storage.credentials import MountedCredentials, signing_key
from dandelion_training.review.prediction_log import AnswerKey
from dandelion_training.review.queue import Source

DECISIONS, ENDING = "decisions", ".jsonl.gz"
PURPOSE = b"dandelion review decision, version 1"
AT_ONCE = 8  # objects that are read beside each other: the console makes one for each decision

# Whoever trains may write beside them, and one service reads everybody's. In bytes: packed, of one
# object and of those that are read beside each other; and unpacked, some 300,000 decisions.
OBJECT_BYTES = 32 << 20
UNPACKED_BYTES = 128 << 20


class Decision(BaseModel):
    """What one image shows, or that it is no image of the model's subject (`reject`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    index: int
    image: str = Field(alias="imageSha256", pattern=r"^[0-9a-f]{64}$")
    label: str | None = None
    reject: bool = False
    source: Source
    answered: str = ""
    """The label that the model gave, whose contract and version follow."""
    contract: str = ""
    version: str = ""
    by: str
    time: str
    """RFC 3339 in UTC to the millisecond, so that texts compare as times do."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Decision":
        if (self.label is None) != self.reject:
            raise ValueError("either a label or reject")
        return self

    @property
    def key(self) -> AnswerKey:
        return AnswerKey(self.id, self.index)

    def says(self) -> str | None:
        """The label, or None for a rejected image."""
        return self.label


@dataclass(frozen=True)
class Signer:
    """Signs the decisions about one resource's answers; `key` is what `key_in` gives."""

    namespace: str
    name: str
    key: bytes = field(repr=False)

    def line(self, decision: Decision) -> bytes:
        row = self._row(decision)
        return _compact(row | {"signature": self._signature(row)}) + b"\n"

    def decision(self, line: bytes) -> Decision | None:
        """The decision in a line, or None where this key did not sign it for this resource."""
        try:
            row = json.loads(line)
            signature = row.pop("signature")
            resource = (row.pop("namespace"), row.pop("name"))
            decision = Decision.model_validate(row)
        except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
            return None
        expected = self._signature(self._row(decision))
        if resource != (self.namespace, self.name) or not isinstance(signature, str):
            return None
        return decision if hmac.compare_digest(signature.encode(), expected.encode()) else None

    def _row(self, decision: Decision) -> dict[str, Any]:
        told = decision.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return told | {"namespace": self.namespace, "name": self.name}

    def _signature(self, row: dict[str, Any]) -> str:
        mac = hmac.digest(self.key, _compact(row), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def key_in(credentials_dir: Path) -> bytes:
    """What decisions are signed with; raises TrainingFailure where there is no key of training."""
    found = signing_key(credentials_dir, PURPOSE)
    if found is None:
        MountedCredentials(credentials_dir).retrieve()  # says what is missing
    return found or b""


@dataclass
class Decided:
    """`by_image`: what counts of each image. `refused`: rows and objects that are not as they were
    signed.
    """

    by_image: dict[str, Decision] = field(default_factory=dict)
    refused: int = 0


def place_of(root: Location, namespace: str, name: str) -> Location:
    """Where decisions about a resource's answers lie."""
    return root.child(namespace).child(name).child(DECISIONS)


def read(store: ObjectStore, place: Location, signer: Signer) -> Decided:
    """Every decision below `place`."""
    return Known(store, place, signer).read()


def of_image(decision: Decision) -> str:
    """Of several decisions about one image, the latest counts."""
    return decision.image


class Known:
    """The decisions about one resource's answers, as often as they are asked for: what was read of
    an object holds, since its name says its content. Of several that are `about` the same, the
    latest is found. For one thread at a time.
    """

    def __init__(
        self,
        store: ObjectStore,
        place: Location,
        signer: Signer,
        about: Callable[[Decision], str] = of_image,
    ) -> None:
        self._store = store
        self._place = place
        self._signer = signer
        self._about = about
        self._names: set[str] = set()
        self._found = Decided()

    def read(self) -> Decided:
        """What counts now; its `by_image` is not to be changed."""
        there = {item.name: item for item in self._store.list(self._place)}
        if not self._names <= there.keys():  # somebody took decisions away
            self._names, self._found = set(), Decided()
        new = [there[name] for name in sorted(there.keys() - self._names)]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for some in batches(new, AT_ONCE, OBJECT_BYTES):
                for item, content in zip(some, threads.map(self._content, some), strict=True):
                    self._add(item.name, content)
                    self._names.add(item.name)
        return self._found

    @property
    def latest(self) -> Decided:
        """What counted when it was read last, and what was noted since."""
        return self._found

    def note(self, place: Location, made: Iterable[Decision]) -> None:
        """Take what `keep` has just written there, without reading it."""
        self._names.add(place.key.rpartition("/")[2])
        for decision in made:
            self._take(decision)

    def _content(self, item: StoredObject) -> bytes:
        if item.size > OBJECT_BYTES:
            return b""
        return self._store.read(self._place.child(item.name)) or b""

    def _add(self, name: str, content: bytes) -> None:
        found = self._found
        rows = _unpacked(content)
        if rows is None or name != _name(rows):
            found.refused += 1
            return
        for line in rows.splitlines():
            decision = self._signer.decision(line)
            if decision is None:
                found.refused += 1
            else:
                self._take(decision)

    def _take(self, decision: Decision) -> None:
        found, about = self._found.by_image, self._about(decision)
        if decision.time >= getattr(found.get(about), "time", ""):
            found[about] = decision


def keep(
    store: ObjectStore, place: Location, signer: Signer, decisions: Iterable[Decision]
) -> Location:
    """Write the decisions of one import; where they lie."""
    rows = b"".join(sorted(signer.line(decision) for decision in decisions))
    target = place.child(_name(rows))
    store.write(target, gzip.compress(rows, mtime=0), "application/gzip")
    return target


def _name(rows: bytes) -> str:
    return hashlib.sha256(rows).hexdigest() + ENDING


def _unpacked(content: bytes) -> bytes | None:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            rows = packed.read(UNPACKED_BYTES + 1)
    except (EOFError, OSError, zlib.error):
        return None
    return rows if len(rows) <= UNPACKED_BYTES else None


def _compact(row: dict[str, Any]) -> bytes:
    return json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
