"""A page of the queue takes as few hours of the log as it can, and asks as `review export` does."""

import gzip
import json
from datetime import date
from typing import Any

import pytest
from dandelion_training.ports.storage import Location, batches
from dandelion_training.review import pages, prediction_log
from dandelion_training.review.pages import LogPages, Page, Share, Window
from dandelion_training.review.prediction_log import AnswerKey
from fakes.s3 import MemoryStore
from given.reviews import HOME, digest, image, row, told

PLACE = Location.parse(HOME)
WINDOW = Window(date(2026, 3, 1), date(2026, 3, 10))


class Log(MemoryStore):
    """A log of which it is counted what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_names: list[str] = []

    def put(self, *rows: dict[str, Any], kind: str = "predictions") -> None:
        """One object of an hour."""
        day, hour = rows[0]["time"][:10], rows[0]["time"][11:13]
        name = f"{kind}/date={day}/hour={hour}/pod-{len(self.objects)}.jsonl.gz"
        lines = "".join(json.dumps(each) + "\n" for each in rows)
        self.objects[f"{HOME}/{name}"] = gzip.compress(lines.encode())
        for each in rows:
            number = int(each["id"].rpartition("-")[2])
            self.objects[f"{HOME}/images/{digest(number)}"] = image(number)

    def read(self, location: Location) -> bytes | None:
        self.read_names.append(str(location).removeprefix(f"{HOME}/"))
        return super().read(location)


@pytest.fixture
def log() -> Log:
    return Log()


def page(
    log: Log,
    share: Share = Share.SAMPLE,
    limit: int = 10,
    window: Window = WINDOW,
    left_out: tuple[int, ...] = (),
    budget: int = 10**6,
) -> Page:
    def spent() -> bool:
        return len(log.read_names) >= budget

    reader = LogPages(log, PLACE, "uid-1", spent)
    return reader.page(window, share, limit, {digest(number) for number in left_out})


def ids(found: Page) -> list[str]:
    return [waiting.item.answer.id for waiting in found.waiting]


def at(hour: int, number: int, day: int = 10, **about: Any) -> dict[str, Any]:
    return row(number, time=f"2026-03-{day:02}T{hour:02}:00:{number:02}.000Z", **about)


def test_the_newest_come_first_and_older_hours_are_left_for_later(log: Log) -> None:
    for hour in (8, 9, 10):
        log.put(at(hour, hour))
    found = page(log, limit=2)
    assert ids(found) == ["answer-10", "answer-9"]
    assert found.before == "2026-03-10T09"
    assert not [name for name in log.read_names if "hour=08" in name]
    rest = page(log, window=Window(WINDOW.first, WINDOW.last, found.before))
    assert (ids(rest), rest.before) == (["answer-8"], "")


def test_days_before_the_window_are_not_looked_at(log: Log) -> None:
    log.put(at(10, 1, day=1))
    log.put(row(2, time="2026-02-28T10:00:00.000Z"))
    assert ids(page(log)) == ["answer-1"]


@pytest.mark.parametrize(
    ("share", "asked"),
    [
        # The most uncertain first: a margin of 0.1, then 0.4; what nobody asks about is in neither.
        (Share.SAMPLE, ["answer-1"]),
        (Share.UNCERTAIN, ["answer-3", "answer-2"]),
    ],
)
def test_what_was_drawn_by_lot_is_apart_from_what_was_chosen(
    log: Log, share: Share, asked: list[str]
) -> None:
    log.put(
        at(10, 1),
        at(10, 2, dandelion=0.7, reviewSample=False, driftSample=True),
        at(10, 3, dandelion=0.55, reviewSample=False),
        at(10, 4, dandelion=0.5, reviewSample=False),
    )
    log.put(told(3, "grass"), kind="feedback")
    assert ids(page(log, share)) == asked


def test_a_correction_finds_the_answer_of_a_day_before(log: Log) -> None:
    log.put(at(10, 1, day=8, reviewSample=False))
    log.put(told(1, "grass"), kind="feedback")
    window = Window(WINDOW.first, WINDOW.last, "2026-03-09T00")
    for found in (page(log, Share.UNCERTAIN), page(log, Share.UNCERTAIN, window=window)):
        (waiting,) = found.waiting
        assert (waiting.item.answer.id, waiting.item.told) == ("answer-1", "grass")


def test_what_is_decided_or_gone_or_of_a_former_resource_is_not_asked(log: Log) -> None:
    log.put(at(10, 1), at(10, 2), at(10, 3), at(10, 4, uid="uid-0"))
    del log.objects[f"{HOME}/images/{digest(2)}"]
    assert ids(page(log, left_out=(1,))) == ["answer-3"]


def test_a_page_ends_when_what_it_may_take_is_spent(log: Log) -> None:
    for number in range(1, 10):
        log.put(at(10, number))
    log.put(at(9, 11))
    found = page(log, budget=8)
    assert len(found.waiting) == 8
    assert (found.before, found.passed_over) == ("2026-03-10T10", 1)


def test_an_object_that_cannot_be_read_hides_no_other(log: Log) -> None:
    log.put(at(10, 1))
    log.objects[f"{HOME}/predictions/date=2026-03-10/hour=10/pod-9.jsonl.gz"] = b"no gzip"
    found = page(log)
    assert (ids(found), found.unreadable) == (["answer-1"], 1)


def test_a_score_that_is_no_number_hides_no_other_row(log: Log) -> None:
    """No answer of the service could hold it."""
    log.put(at(10, 1), at(10, 2) | {"scores": {"dandelion": float("nan")}})
    found = page(log)
    assert (ids(found), found.unreadable) == (["answer-1"], 1)


LAST = f"{HOME}/predictions/date=2026-03-10/hour=10/pod-9.jsonl.gz"


def test_an_object_that_is_too_large_is_not_read(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.put(at(10, 1))
    monkeypatch.setattr(pages, "OBJECT_BYTES", 10_000)
    log.objects[LAST] = bytes(10_001)
    found = page(log)
    assert (ids(found), found.passed_over) == (["answer-1"], 1)
    where = LAST.partition("/predictions/")[2]
    reader = LogPages(log, PLACE, "uid-1", lambda: False)
    assert reader.answer(where, AnswerKey("answer-1", 0)) is None
    assert not [name for name in log.read_names if name.endswith(where)]


def test_a_few_bytes_that_unpack_without_end_are_cut_off(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_log, "LONGEST_OBJECT", 100_000)
    log.put(at(10, 1))
    log.objects[LAST] = gzip.compress(b'{"id": "answer-2"}\n' * 10_000)
    found = page(log)
    assert (ids(found), found.unreadable) == (["answer-1"], 1)


def test_a_page_holds_so_many_rows_and_says_what_it_passed_over(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "HELD_BYTES", 1)
    monkeypatch.setattr(pages, "AT_ONCE", 1)
    for number in (1, 2, 3):
        log.put(at(10, number))
    log.put(at(9, 4))
    found = page(log)
    assert (ids(found), found.before, found.passed_over) == (["answer-1"], "2026-03-10T10", 2)
    assert ids(page(log, window=Window(WINDOW.first, WINDOW.last, found.before))) == ["answer-4"]


def test_what_is_said_of_answers_is_bounded_too(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "HELD_BYTES", 1)
    log.put(at(10, 1, reviewSample=False), at(10, 2, reviewSample=False))
    log.put(told(1, "grass"), told(2, "grass"), kind="feedback")
    assert ids(page(log, Share.UNCERTAIN)) == ["answer-1"]


def test_large_objects_are_read_one_after_the_other(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        log.put(at(10, number))
    sizes = [item.size for item in log.list(PLACE.child("predictions"))]
    monkeypatch.setattr(pages, "OBJECT_BYTES", sum(sizes[:2]))
    found = batches(log.list(PLACE.child("predictions")), 8, sum(sizes[:2]))
    assert [len(batch) for batch in found] == [2, 1]
    assert len(ids(page(log))) == 3


@pytest.mark.parametrize(
    "where",
    ["../feedback/x", "date=2026-03-10/hour=10/../../../other", "date=2026-03-10", "images/x"],
)
def test_an_answer_is_looked_for_in_the_log_alone(log: Log, where: str) -> None:
    log.put(at(10, 1))
    reader = LogPages(log, PLACE, "uid-1", lambda: False)
    assert reader.answer(where, AnswerKey("answer-1", 0)) is None
    assert not log.read_names


def test_an_answer_is_found_again_where_a_page_said(log: Log) -> None:
    log.put(at(10, 1), at(10, 2))
    reader = LogPages(log, PLACE, "uid-1", lambda: False)
    for waiting in page(log).waiting:
        assert reader.answer(waiting.where, waiting.item.answer.key) == waiting.item.answer
    assert reader.answer(waiting.where, AnswerKey("answer-7", 0)) is None


def test_a_listing_that_names_no_hour_is_passed_over(log: Log) -> None:
    log.put(at(10, 1))
    log.objects[f"{HOME}/predictions/date=2026-03-10/notes.txt"] = b""
    assert ids(page(log)) == ["answer-1"]
