"""What the service does for one model: a page of its queue, an image, decisions.

A decision is made of the row in the log that it is about, by the rules of `review import`, so
nothing that comes in is believed but what a person chose.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from pathlib import Path

from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.review import decisions
from dandelion_training.review.accuracy import kept
from dandelion_training.review.annotations import Annotation, decide
from dandelion_training.review.decisions import Decision, Known, Signer
from dandelion_training.review.pages import (
    LogPages,
    Page,
    Share,
    Window,
    image_size,
)
from dandelion_training.review.prediction_log import Answer, AnswerKey, kept_image
from dandelion_training.review.queue import Source
from dandelion_training.review.votes import (
    Ballot,
    agreed,
    known_votes,
    place_of,
    signer_of,
)

PAGE_SECONDS = 20.0
LOOKS_SECONDS = 5.0
MODELS_REMEMBERED = 16
LARGEST_IMAGE = 32 << 20  # bytes


class RefusedError(Exception):
    """What was asked for cannot be done; the message says why, and what can."""


@dataclass(frozen=True)
class Places:
    """Where logs and models of all resources lie, and the key that reads and signs."""

    log: Location
    models: Location
    credentials_dir: Path


@dataclass(frozen=True)
class Model:
    """One resource; `uid` tells it from a former one of its name."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True)
class Said:
    """What a person chose for one image: a label, or None to reject it. `where` is the object of
    the log that a page named, `source` why it was asked about by that page.
    """

    key: AnswerKey
    image: str
    where: str
    label: str | None
    source: Source


@dataclass(frozen=True)
class Kept:
    """`decided` images count from now on, `voted` wait for other people, `known` were so before."""

    decided: int = 0
    voted: int = 0
    known: int = 0


@dataclass(frozen=True)
class Queue:
    """A page, and how many people said something of each of its images so far."""

    page: Page
    people: Mapping[str, int]


@dataclass
class _Room:
    """What is remembered of one model's decisions and votes."""

    signer: Signer
    known: Known
    votes: Known
    lock: threading.Lock = field(default_factory=threading.Lock)
    looked_at: float = -inf
    """When both were read last, in seconds."""

    def look(self, now: float, seconds: float = 0.0) -> None:
        """Read both, unless that was done so many seconds ago or less."""
        if now - self.looked_at > seconds or not seconds:
            self.known.read()
            self.votes.read()
            self.looked_at = now

    def counts(self) -> Mapping[str, Decision]:
        return self.known.latest.by_image

    def ballot(self) -> Ballot:
        return Ballot.of(self.votes.latest.by_image.values())


class Reviews:
    """For many threads. `now` is the time of decisions, `clock` counts seconds."""

    def __init__(
        self,
        store: ObjectStore,
        places: Places,
        since: timedelta,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._places = places
        self._since = since
        self._now = now
        self._clock = clock
        self._lock = threading.Lock()
        self._rooms: OrderedDict[tuple[str, str], _Room] = OrderedDict()
        self._changed: dict[tuple[str, str], _Room] = {}

    def queue(
        self, model: Model, share: Share, person: str, people: int, limit: int, before: str = ""
    ) -> Queue:
        """What waits for this person, where an image takes so many `people`."""
        room = self._room(model)
        with room.lock:
            room.look(self._clock())
            left_out = set(room.counts())
            ballot = room.ballot() if people > 1 else Ballot({})
        left_out |= ballot.voted(person)
        today = self._now()
        window = Window((today - self._since).date(), today.date(), before)
        deadline = self._clock() + PAGE_SECONDS
        pages = self._pages(model, lambda: self._clock() > deadline)
        page = pages.page(window, share, limit, left_out)
        if share is Share.SAMPLE:
            # Of two people who begin together, each has another order: less is done twice.
            page.waiting.sort(key=lambda waiting: _lot(person, waiting.item.image))
        images = [waiting.item.image for waiting in page.waiting]
        return Queue(page, {image: ballot.people(image) for image in images})

    def image(self, model: Model, sha256: str) -> bytes | None:
        """An upload, or None where it is not kept; raises RefusedError where it is too large."""
        home = self._home(model)
        size = image_size(self._store, home, sha256)
        if size is None:
            return None
        if size > LARGEST_IMAGE:
            raise RefusedError(
                f"The image has {size:,} bytes, too many to be shown here; `review export` hands it"
                " out."
            )
        return kept_image(self._store, home, sha256)

    def decide(self, model: Model, person: str, people: int, said: Sequence[Said]) -> Kept:
        """Keep what a person chose, whole or, where something is wrong with it, not at all
        (RefusedError).
        """
        answers = self._answers(model, said)
        annotations = [_annotation(each, answers[each.key]) for each in said]
        time = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        room = self._room(model)
        with room.lock:
            # Listing takes longer the more there are. What others wrote meanwhile loses nothing:
            # of an image, the latest counts.
            room.look(self._clock(), LOOKS_SECONDS)
            counts = room.counts()
            if people == 1:
                outcome = decide(annotations, answers, (), counts, person, time)
                self._require(outcome.problems)
                return self._keep(model, room, outcome.decisions, len(said))
            votes = room.votes.latest.by_image.values()
            mine = {vote.image: vote for vote in votes if vote.by == person}
            outcome = decide(annotations, answers, (), mine, person, time)
            self._require(outcome.problems)
            new = [vote for vote in outcome.decisions if vote.image not in counts]
            if new:
                place = place_of(self._places.models, model.namespace, model.name)
                signer = signer_of(room.signer)
                room.votes.note(decisions.keep(self._store, place, signer, new), new)
            found = room.ballot().votes
            made = [agreed(found[vote.image].values(), people) for vote in new]
            decided = [each for each in made if each is not None]
            return self._keep(model, room, decided, len(said), len(new) - len(decided))

    def keep_accuracies(self) -> None:
        """Write what follows from decisions since, for the operator. It takes longer the more there
        are, so it is not done for each.
        """
        with self._lock:
            changed, self._changed = self._changed, {}
        for where, room in changed.items():
            with room.lock:
                counts = list(room.counts().values())
            kept.keep(self._store, kept.place_of(self._places.models, *where), counts, self._now())

    def _keep(
        self, model: Model, room: _Room, made: Sequence[Decision], said: int, voted: int = 0
    ) -> Kept:
        if made:
            where = (model.namespace, model.name)
            place = decisions.place_of(self._places.models, *where)
            room.known.note(decisions.keep(self._store, place, room.signer, made), made)
            with self._lock:
                self._changed[where] = room
        return Kept(len(made), voted, said - len(made) - voted)

    def _answers(self, model: Model, said: Sequence[Said]) -> dict[AnswerKey, Answer]:
        pages = self._pages(model, lambda: False)
        found = {}
        for each in said:
            answer = pages.answer(each.where, each.key)
            if answer is None:
                raise RefusedError(
                    "The prediction log has no such answer any more: load the page again."
                )
            found[each.key] = answer
        return found

    @staticmethod
    def _require(problems: Sequence[str]) -> None:
        if problems:
            raise RefusedError(f"Nothing was kept: {'; '.join(problems)}.")

    def _room(self, model: Model) -> _Room:
        where = (model.namespace, model.name)
        signer = Signer(*where, decisions.key_in(self._places.credentials_dir))
        models = self._places.models
        with self._lock:
            room = self._rooms.get(where)
            if room is None or room.signer != signer:
                place = decisions.place_of(models, *where)
                known = Known(self._store, place, signer)
                room = _Room(signer, known, known_votes(self._store, models, signer))
                self._rooms[where] = room
            self._rooms.move_to_end(where)
            while len(self._rooms) > MODELS_REMEMBERED:
                self._rooms.popitem(last=False)
            return room

    def _pages(self, model: Model, spent: Callable[[], bool]) -> LogPages:
        return LogPages(self._store, self._home(model), model.uid, spent)

    def _home(self, model: Model) -> Location:
        return self._places.log.child(model.namespace).child(model.name)


def _lot(person: str, image: str) -> bytes:
    return hashlib.sha256(f"{image} {person}".encode()).digest()


def _annotation(said: Said, answer: Answer) -> Annotation:
    """What was drawn by lot stays a sample, whatever else came in."""
    source = Source.CORRECTION
    if answer.sampled:
        source = Source.SAMPLE
    elif answer.drifted and said.source is Source.DRIFT:
        source = Source.DRIFT
    where = f"answer {said.key.id}, image {said.key.index}"
    return Annotation(where, said.key, said.image, source, said.label)
