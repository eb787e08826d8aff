"""The prediction log of one resource, as serving pods write it: gzipped JSON Lines by day and hour.

What cannot be read is counted and passed over: a log is written by many, and one object that was
cut off must not hide the others.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_training.ports.storage import Location, ObjectStore

PREDICTIONS, FEEDBACK, IMAGES = "predictions", "feedback", "images"
LONGEST_ROW = 1 << 22  # bytes; a row names every class with its score
LONGEST_OBJECT = (
    1 << 28
)  # bytes, unpacked; serving packs what it has in memory, some 100 MB at most
CUT_OFF = (EOFError, OSError, zlib.error)  # or no gzip at all


@dataclass(frozen=True, order=True, slots=True)
class AnswerKey:
    """One image of one answer."""

    id: str
    index: int


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    id: str = Field(min_length=1)
    index: int = Field(ge=0)
    time: str
    """RFC 3339 in UTC to the millisecond, so that texts compare as times do."""
    label: str = Field(min_length=1)

    @property
    def key(self) -> AnswerKey:
        return AnswerKey(self.id, self.index)


class Answer(_Row):
    """What a model answered to one image; `scores` are probabilities by class."""

    version: str
    contract: str = ""
    """Digest of the contract of the model that answered."""
    scores: dict[str, float] = Field(min_length=1)
    uid: str = ""
    image: str | None = Field(default=None, alias="imageSha256", pattern=r"^[0-9a-f]{64}$")
    unknown: bool = False
    unknown_score: float | None = Field(default=None, alias="unknownScore")
    sampled: bool = Field(default=False, alias="reviewSample")
    drifted: bool = Field(default=False, alias="driftSample")

    @property
    def margin(self) -> float:
        """By how much the highest probability is above the next; 1 of a single class."""
        highest = sorted(self.scores.values(), reverse=True)[:2]
        return highest[0] - highest[1] if len(highest) == 2 else 1.0


class Told(_Row):
    """What somebody sent to `/feedback`. `caller` is empty where callers are not known; image and
    prediction are those of the answer, where the pod that took it knew them.
    """

    uid: str = ""
    caller: str = ""
    image: str | None = Field(default=None, alias="imageSha256", pattern=r"^[0-9a-f]{64}$")
    predicted: str = ""


Row = TypeVar("Row", bound=_Row)


class PredictionLog:
    """The rows of some days. `unreadable` counts objects and rows that could not be read so far."""

    def __init__(self, store: ObjectStore, place: Location, first: date, last: date) -> None:
        """`place` is the resource's own folder; both days belong to it, in UTC."""
        self._store = store
        self._place = place
        self._days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self.unreadable = 0

    def image(self, sha256: str) -> Location:
        """Where an upload is, if it was kept."""
        return _image(self._place, sha256)

    def kept(self, sha256: str) -> bytes | None:
        """An upload, as `kept_image` has it."""
        return kept_image(self._store, self._place, sha256)

    def feedback(self) -> dict[AnswerKey, Told]:
        """What was told last of each answer."""
        latest: dict[AnswerKey, Told] = {}
        for line in self._lines(FEEDBACK):
            told = self._parsed(Told, line)
            if told and told.time >= getattr(latest.get(told.key), "time", ""):
                latest[told.key] = told
        return latest

    def answers(self, wanted: Callable[[Answer], bool]) -> list[Answer]:
        """Those that are wanted, of the resource that answered last: one that had its name before
        is another, even where its log is in the same place.
        """
        found, newest = [], ("", "")
        for line in self._lines(PREDICTIONS):
            answer = self._parsed(Answer, line)
            if answer is None:
                continue
            newest = max(newest, (answer.time, answer.uid))
            if wanted(answer):
                found.append(answer)
        return [answer for answer in found if answer.uid == newest[1]]

    def _parsed(self, kind: type[Row], line: bytes) -> Row | None:
        try:
            return kind.model_validate_json(line)
        except ValidationError:
            self.unreadable += 1
            return None

    def _lines(self, kind: str) -> Iterator[bytes]:
        folder = self._place.child(kind)
        for day in self._days:
            for item in self._store.list(folder, f"date={day.isoformat()}/"):
                content = self._store.read(folder.child(item.name))
                yield from self._unpacked(content or b"")

    def _unpacked(self, content: bytes) -> Iterator[bytes]:
        try:
            yield from _lines_of(content)
        except CUT_OFF:
            self.unreadable += 1


def rows_of(
    kind: type[Row], content: bytes, wanted: Callable[[bytes], bool] = lambda _: True
) -> tuple[list[Row], int]:
    """The rows of an object, and how many faults it has: rows, or a rest, that cannot be read.
    Lines that are not wanted are not looked at.
    """
    found, faults = [], 0
    try:
        for line in _lines_of(content):
            if not wanted(line):
                continue
            try:
                found.append(kind.model_validate_json(line))
            except ValidationError:
                faults += 1
    except CUT_OFF:
        faults += 1
    return found, faults


def _lines_of(content: bytes) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as rows:
        while line := rows.readline(LONGEST_ROW):
            if rows.tell() > LONGEST_OBJECT:
                raise EOFError("of a few megabytes of gzip, gigabytes may come")
            yield line


def among(keys: Collection[AnswerKey]) -> Callable[[Answer], bool]:
    """Whether an answer is one of these."""
    return lambda answer: answer.key in keys


def kept_image(store: ObjectStore, place: Location, sha256: str) -> bytes | None:
    """An upload in the log of the resource at `place`, or None where it was not kept, or is not
    what its name says.
    """
    content = store.read(_image(place, sha256))
    if content is None or hashlib.sha256(content).hexdigest() != sha256:
        return None
    return content


def _image(place: Location, sha256: str) -> Location:
    return place.child(IMAGES).child(sha256)
