"""The prediction log, searched for one answer: gzipped JSON Lines by day and hour, which serving
pods name by who wrote them and when.

An id that carries its time leads to its hour. Of others the newest objects are read first.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_training.ports.storage import Location, ObjectStore, StoredObject
from dandelion_training.review.answer_id import AnswerId

PREDICTIONS, IMAGES = "predictions", "images"
NAMED = re.compile(r"(date=[0-9-]{10}/hour=[0-9]{2})/.+-([0-9]+)-([0-9]+)\.jsonl\.gz")
LONGEST = 1 << 28  # bytes of rows in one object once unpacked
PIECE = 1 << 14  # bytes that are unpacked at a time, so that what is before a fault is read


class Row(BaseModel):
    """One image of one answer; what rows of earlier releases lack is empty."""

    model_config = ConfigDict(frozen=True)

    id: str
    time: str
    index: int
    namespace: str
    name: str
    version: str
    label: str
    probability: float
    scores: dict[str, float] = Field(min_length=1)
    uid: str = ""
    contract: str = ""
    precision: str = ""
    image: str | None = Field(default=None, alias="imageSha256")
    caller: str = ""


@dataclass(frozen=True)
class Rows:
    """The rows of the answer in one object, and what is wrong with that object, in words."""

    place: Location
    rows: tuple[Row, ...]
    fault: str = ""


@dataclass
class Search:
    """What was found, and how much was read for it. `damaged` are objects that cannot be read to
    their end and may have held the answer.
    """

    span: str
    found: Rows | None = None
    objects: int = 0
    bytes: int = 0
    damaged: list[Rows] = field(default_factory=list)


def search(
    store: ObjectStore, log: Location, answer: AnswerId, since: timedelta, now: datetime
) -> Search:
    """Look for an answer below `log`, the folder of its resource; `since` bounds the search for an
    id without a time.
    """
    folder = log.child(PREDICTIONS)
    if answer.time is not None:
        # A row is written down a moment after its id was given, perhaps in the next hour.
        beginnings = [
            f"{time:date=%Y-%m-%d/hour=%H/}"
            for time in (answer.time, answer.time + timedelta(hours=1))
        ]
        search = Search(f"{answer.time:%Y-%m-%dT%H:00Z} to two hours later")
    else:
        days = range((now.date() - (now - since).date()).days + 1)
        beginnings = [f"{now - timedelta(days=day):date=%Y-%m-%d/}" for day in days]
        search = Search(f"{now - since:%Y-%m-%d} to {now:%Y-%m-%d}")
    for item in _newest_first(store, folder, beginnings, answer):
        place = folder.child(item.name)
        content = store.read(place)
        if content is None:
            continue
        search.objects += 1
        search.bytes += len(content)
        unpacked, fault = _unpacked(content)
        found, unreadable = _rows(unpacked, answer.text)
        rows = Rows(place, found, fault or unreadable)
        if rows.rows:
            search.found = rows
            return search
        if rows.fault:
            search.damaged.append(rows)
    return search


def _newest_first(
    store: ObjectStore, folder: Location, beginnings: list[str], answer: AnswerId
) -> Iterator[StoredObject]:
    earliest = answer.time.timestamp() * 1000 if answer.time is not None else 0.0
    for beginning in beginnings:
        named = []
        for item in store.list(folder, beginning):
            parts = NAMED.fullmatch(item.name)
            # Rows are written after they are answered.
            if parts is not None and int(parts[2]) + 1 >= earliest:
                named.append(((parts[1], int(parts[2]), int(parts[3])), item))
        # The hour is known, and so is that it is soon written: then the oldest come first.
        named.sort(key=lambda pair: pair[0], reverse=answer.time is None)
        yield from (item for _, item in named)


def _unpacked(content: bytes) -> tuple[bytes, str]:
    """As much as can be unpacked, and what is wrong with the rest."""
    unpacking = zlib.decompressobj(wbits=31)  # one gzip member
    parts, size = [], 0
    try:
        for start in range(0, len(content), PIECE):
            part = unpacking.decompress(content[start : start + PIECE])
            parts.append(part)
            size += len(part)
            if size > LONGEST:
                return b"".join(parts), f"more than {LONGEST >> 20} MiB of rows"
    except zlib.error as error:
        return b"".join(parts), str(error)
    if not unpacking.eof:
        return b"".join(parts), "it is cut off"
    return b"".join(parts), "something follows its end" if unpacking.unused_data else ""


def _rows(content: bytes, answer: str) -> tuple[tuple[Row, ...], str]:
    """The rows of the answer, and what is wrong with one of them."""
    wanted, rows, fault = json.dumps(answer).encode(), [], ""
    if wanted not in content:
        return (), ""
    for line in content.splitlines():
        if wanted not in line:
            continue
        try:
            row = Row.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            fault = f"a row of the answer cannot be read: {first['msg']}"
        else:
            rows += [row] if row.id == answer else []
    return tuple(rows), fault
