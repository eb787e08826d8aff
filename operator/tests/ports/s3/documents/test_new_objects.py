"""Which objects of a dataset are new, over a real connection: those that no run has listed yet."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from dandelion_operator.api import naming
from dandelion_operator.ports.s3.documents.listed import HEADER
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.ports.s3.storage.datasets import LONGEST_MEMORY, Watch
from dandelion_operator.seen.training import DatasetSeen, NewObjects
from fakes.s3 import FakeS3
from given.storage.access import access
from given.storage.listed import KEY, VERSION, document, note

URI = "s3://datasets/lawn"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTED = naming.listed_objects(KEY, VERSION)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def seen(
    s3: FakeS3, uri: str = URI, enough: int = 2, storage: Storage | None = None
) -> DatasetSeen:
    watch = Watch(KEY, VERSION, enough)
    found = asyncio.run((storage or Storage()).dataset(access(s3.endpoint), uri, watch))
    assert isinstance(found, DatasetSeen)
    return found


def new(s3: FakeS3, uri: str = URI, enough: int = 2) -> NewObjects:
    found = seen(s3, uri, enough)
    assert found.uncounted == ""
    assert found.new is not None
    return found.new


@pytest.fixture
def lawn(s3: FakeS3) -> FakeS3:
    """Of which a version was made from all that there is."""
    s3.now = NOW
    s3.put("datasets", "lawn/dandelion/1.png", b"one")
    s3.put("datasets", "lawn/grass/1.png", b"two")
    s3.put("datasets", "lawn/README.txt", b"water daily")
    note(s3)
    return s3


def at(**before: float) -> str:
    return (NOW - timedelta(**before)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_a_run_has_listed_is_not_new_whatever_it_is(lawn: FakeS3) -> None:
    assert new(lawn) == NewObjects(VERSION, 0, enough="", newest="", listed=at())


def test_new_objects_are_counted_with_the_moments_that_matter(lawn: FakeS3) -> None:
    for number, hours in enumerate((1, 9, 5, 3)):
        name = f"lawn/grass/new{number}.png"
        lawn.put("datasets", name, b"%d" % number, written=at(hours=hours))
    assert new(lawn, enough=3) == NewObjects(
        VERSION, 4, enough=at(hours=3), newest=at(hours=1), listed=at()
    )
    assert new(lawn, enough=5).enough == "", "there are fewer than were asked for"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"lawn/moss/1.png": b"two"}, id="it was moved to another class"),
        pytest.param({"lawn/grass/1.png": b"other"}, id="it was written anew"),
    ],
)
def test_an_object_that_changed_is_new(lawn: FakeS3, change: dict[str, bytes]) -> None:
    for name, content in change.items():
        lawn.put("datasets", name, content)
    assert new(lawn).count == 1


def test_an_object_that_went_away_is_nothing_new(lawn: FakeS3) -> None:
    del lawn.buckets["datasets"]["lawn/grass/1.png"]
    assert new(lawn).count == 0


def test_folder_markers_and_folders_of_a_similar_name_are_nothing_new(lawn: FakeS3) -> None:
    lawn.put("datasets", "lawn/moss/", b"")
    lawn.put("datasets", "lawn-of-others/1.png", b"not ours")
    assert new(lawn).count == 0


def test_of_a_table_of_labels_it_and_what_lies_beside_it_is_compared(lawn: FakeS3) -> None:
    table = f"{URI}/labels.csv"
    lawn.put("datasets", "lawn/labels.csv", b"key,label")
    note(lawn)
    assert new(lawn, table).count == 0
    lawn.put("datasets", "lawn/labels.csv", b"key,label,split")
    lawn.put("datasets", "lawn/images/2.png", b"three")
    assert new(lawn, table).count == 2


def test_the_root_of_a_bucket_is_a_folder_too(s3: FakeS3) -> None:
    s3.put("datasets", "grass/1.png", b"one")
    note(s3, folder="")
    assert new(s3, "s3://datasets").count == 0
    s3.put("datasets", "grass/2.png", b"two")
    assert new(s3, "s3://datasets").count == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, f"dataset version {VERSION} was made from is not noted", id="nothing"),
        pytest.param(b"<html>", "does not name dandelion.dev/dataset-objects/v1", id="a page"),
        pytest.param(HEADER + b"1234567", "it is cut off", id="a part of it"),
        pytest.param(HEADER + b"bbbbbbbbaaaaaaaa", "do not ascend", id="without an order"),
        pytest.param(HEADER + bytes(9 << 20), "it is larger than 8 MiB", id="more than fits"),
    ],
)
def test_without_a_note_nothing_is_counted_and_the_cause_is_told(
    lawn: FakeS3, content: bytes | None, words: str
) -> None:
    lawn.buckets["models"].clear()
    if content is not None:
        lawn.put("models", NOTED, content)
    found = seen(lawn)
    assert found.objects == 3, "the dataset is listed all the same"
    assert found.new is None
    assert words in found.uncounted


def test_a_note_is_read_again_only_where_a_run_has_renewed_it(lawn: FakeS3) -> None:
    clock = Clock()
    storage = Storage(clock)

    def looked() -> tuple[int, int]:
        """New objects, and how often the note was read for that."""
        lawn.requests.clear()
        clock.now += LONGEST_MEMORY + 1
        found = seen(lawn, storage=storage).new
        assert found is not None
        return found.count, lawn.requests.count(f"GET /models/{NOTED}")

    assert looked() == (0, 1)
    lawn.put("datasets", "lawn/grass/2.png", b"three")
    assert looked() == (1, 0)
    lawn.put("models", NOTED, document(lawn))
    assert looked() == (0, 1)


def test_who_is_not_watched_costs_no_more_requests_than_the_listing(lawn: FakeS3) -> None:
    found = asyncio.run(Storage().dataset(access(lawn.endpoint), URI))
    assert isinstance(found, DatasetSeen)
    assert (found.new, found.uncounted) == (None, "")
    assert lawn.requests == ["GET /datasets"]
