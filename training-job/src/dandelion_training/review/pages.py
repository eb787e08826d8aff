"""The review queue of a large log, a page at a time: hours are read from the newest on, until
enough is found or what one page may take is spent.

`review export` reads a whole window at once; who reviews in the console waits for each page.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import partial

from dandelion_training.ports.storage import Location, ObjectStore, StoredObject, batches
from dandelion_training.review.prediction_log import (
    FEEDBACK,
    IMAGES,
    PREDICTIONS,
    Answer,
    AnswerKey,
    Told,
    rows_of,
)
from dandelion_training.review.queue import Item, Source, queue, uncertainty

PLACE = re.compile(r"date=(\d{4}-\d\d-\d\d)/hour=(\d\d)/[^/]+\.jsonl\.gz")
HOUR = re.compile(r"\d{4}-\d\d-\d\dT\d\d")
ASKED = re.compile(rb'"(?:review|drift)Sample":\s*true')
ID = re.compile(rb'"id":\s*"([^"\\]+)"')
AT_ONCE = 8  # objects that are read or looked for beside each other

# Whoever serves writes the log, and one service reads everybody's: so much of it may a page hold.
OBJECT_BYTES = 32 << 20  # packed, of one object and of those that are read beside each other
HELD_BYTES = 16 << 20  # of rows that are asked about, and again of what was said of answers


class Share(StrEnum):
    """The two lists of a queue. Only of what was drawn by lot an accuracy follows, so it is not
    mixed with what was chosen.
    """

    SAMPLE = "sample"
    UNCERTAIN = "uncertain"
    """What somebody corrected and what was drawn during drift, the most uncertain first."""

    def has(self, item: Item) -> bool:
        return (item.source is Source.SAMPLE) is (self is Share.SAMPLE)

    def ordered(self, items: Iterable[Item]) -> list[Item]:
        return sorted(items, key=uncertainty) if self is Share.UNCERTAIN else list(items)


@dataclass(frozen=True)
class Window:
    """Which part of the log: both days belong to it, in UTC; `before` leaves out answers of that
    hour (`2026-03-10T12`) and later ones, but not what was said of answers since.
    """

    first: date
    last: date
    before: str = ""


@dataclass(frozen=True)
class Waiting:
    """An image to ask about; `where` is the object below `predictions` that holds its answer."""

    item: Item
    where: str


@dataclass(frozen=True)
class Page:
    """`before`: where to go on, or empty where all of the window was read. `unreadable` counts
    objects and rows, `passed_over` objects that there was no time for.
    """

    waiting: list[Waiting]
    before: str
    unreadable: int = 0
    passed_over: int = 0


@dataclass
class _Found:
    told: dict[AnswerKey, Told] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    where: dict[AnswerKey, str] = field(default_factory=dict)
    unreadable: int = 0
    passed_over: int = 0
    held: Counter[str] = field(default_factory=Counter)
    """Bytes of rows, by their folder."""

    def holds(self, kind: str, line: bytes) -> bool:
        """Take room for a row, if there is some."""
        if self.is_full(kind):
            return False
        self.held[kind] += len(line)
        return True

    def is_full(self, kind: str) -> bool:
        return self.held[kind] >= HELD_BYTES


class LogPages:
    """Pages of the log of the resource `uid`, whose folder is `home`. `spent` is asked before each
    few objects whether the page has taken all it may.
    """

    def __init__(
        self, store: ObjectStore, home: Location, uid: str, spent: Callable[[], bool]
    ) -> None:
        self._store = store
        self._home = home
        self._uid = uid
        self._spent = spent

    def page(self, window: Window, share: Share, limit: int, left_out: Collection[str]) -> Page:
        """The first `limit` images of a list that are kept, of as few hours as it takes. `left_out`
        are images that are decided.
        """
        found, items, before = _Found(), list[Item](), ""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for hour, feedback, answers in self._hours(window, found):
                self._hear(threads, found, feedback)
                self._look(threads, found, answers)
                if answers:
                    waiting = queue(found.answers, found.told, left_out)
                    items = [item for item in waiting if share.has(item)]
                if len(items) >= limit or self._spent() or found.is_full(PREDICTIONS):
                    before = hour
                    break
            kept = self._kept(threads, share.ordered(items), limit)
        return Page(
            [Waiting(item, found.where[item.answer.key]) for item in kept],
            before,
            found.unreadable,
            found.passed_over,
        )

    def answer(self, where: str, key: AnswerKey) -> Answer | None:
        """The answer in an object that a page named; None where it is not there."""
        if not PLACE.fullmatch(where):
            return None
        folder, wanted = self._home.child(PREDICTIONS), key.id.encode()
        if not any(item.name == where for item in self._listed(folder, where)):
            return None

        def meant(line: bytes) -> bool:
            id_ = ID.search(line)
            return id_ is None or id_[1] == wanted

        rows, _ = rows_of(Answer, self._store.read(folder.child(where)) or b"", meant)
        return next((row for row in rows if row.key == key and row.uid == self._uid), None)

    def _listed(
        self, folder: Location, beginning: str, found: _Found | None = None
    ) -> Iterator[StoredObject]:
        """Those that are not too large to be read."""
        for item in self._store.list(folder, beginning):
            if item.size <= OBJECT_BYTES:
                yield item
            elif found is not None:
                found.passed_over += 1

    def _hours(
        self, window: Window, found: _Found
    ) -> Iterator[tuple[str, list[StoredObject], list[StoredObject]]]:
        """The newest first: the hour, and the feedback and the answers that belong to it."""
        for days in range((window.last - window.first).days + 1):
            day = window.last - timedelta(days=days)
            hours: dict[str, tuple[list[StoredObject], list[StoredObject]]] = {}
            for position, kind in enumerate((FEEDBACK, PREDICTIONS)):
                if kind == PREDICTIONS and window.before and window.before <= f"{day}T00":
                    continue
                folder = self._home.child(kind)
                for item in self._listed(folder, f"date={day.isoformat()}/", found):
                    if place := PLACE.fullmatch(item.name):
                        hour = f"{place[1]}T{place[2]}"
                        hours.setdefault(hour, ([], []))[position].append(item)
            for hour, (feedback, answers) in sorted(hours.items(), reverse=True):
                is_past = bool(window.before) and hour >= window.before
                yield hour, feedback, [] if is_past else answers

    def _hear(self, threads: ThreadPoolExecutor, found: _Found, items: list[StoredObject]) -> None:
        for _, content in self._read(threads, found, FEEDBACK, items):
            rows, faults = rows_of(Told, content, partial(found.holds, FEEDBACK))
            found.unreadable += faults
            for row in rows:
                if row.uid in ("", self._uid) and row.time >= getattr(
                    found.told.get(row.key), "time", ""
                ):
                    found.told[row.key] = row

    def _look(self, threads: ThreadPoolExecutor, found: _Found, items: list[StoredObject]) -> None:
        told = {key.id.encode() for key in found.told}

        def asked(line: bytes) -> bool:
            """Before it is parsed: of a hundred rows, one is asked about."""
            id_ = None if ASKED.search(line) else ID.search(line)
            return (id_ is None or id_[1] in told) and found.holds(PREDICTIONS, line)

        for name, content in self._read(threads, found, PREDICTIONS, items):
            rows, faults = rows_of(Answer, content, asked)
            found.unreadable += faults
            for row in rows:
                if row.uid == self._uid and (row.sampled or row.drifted or row.key in found.told):
                    found.answers.append(row)
                    found.where[row.key] = name

    def _read(
        self, threads: ThreadPoolExecutor, found: _Found, kind: str, items: list[StoredObject]
    ) -> Iterator[tuple[str, bytes]]:
        folder, left = self._home.child(kind), len(items)
        for some in batches(items, AT_ONCE, OBJECT_BYTES):
            if self._spent() or found.is_full(kind):
                found.passed_over += left
                return
            left -= len(some)
            names = [item.name for item in some]
            read = threads.map(lambda name: self._store.read(folder.child(name)) or b"", names)
            yield from zip(names, read, strict=True)

    def _kept(self, threads: ThreadPoolExecutor, items: list[Item], limit: int) -> list[Item]:
        """Those whose image is in the log, as far as there are enough."""
        kept: list[Item] = []
        for start in range(0, len(items), limit):
            some = items[start : start + limit]
            sizes = threads.map(lambda item: image_size(self._store, self._home, item.image), some)
            kept += [item for item, size in zip(some, sizes, strict=True) if size is not None]
            if len(kept) >= limit:
                break
        return kept[:limit]


def image_size(store: ObjectStore, home: Location, sha256: str) -> int | None:
    """Of an upload, in bytes; None where it is not kept."""
    found = store.list(home.child(IMAGES), sha256)
    return next((item.size for item in found if item.name == sha256), None)
