"""Which lines of a table of addresses are new, over a real connection: those no run has read."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from dandelion_operator.api.spec.dataset import Urls
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.ports.s3.storage.datasets import LONGEST_MEMORY, Watch
from dandelion_operator.seen.training import DatasetSeen, MountedTable, NewObjects
from fakes.s3 import FakeS3
from given.storage.access import access
from given.storage.listed import KEY, VERSION, note

URI = "s3://datasets/lawn"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STORED = Urls.model_validate({"storageUri": "s3://lists/lawn/urls.csv"})
MOUNTED = Urls.model_validate({"configMapRef": {"name": "addresses"}})
TABLE = b"url,label\nhttp://a.example/1.png,grass\nhttp://gone.example/2.png,moss\n"
MORE = TABLE + b"http://a.example/3.png,grass\nhttp://a.example/4.png,moss\n"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lawn(s3: FakeS3) -> FakeS3:
    """Of which a version was made from an object and a table of two addresses."""
    s3.now = NOW
    s3.put("datasets", "lawn/grass/1.png", b"one")
    s3.put("lists", "lawn/urls.csv", TABLE)
    note(s3, table=TABLE)
    return s3


def at(**before: float) -> str:
    return (NOW - timedelta(**before)).strftime("%Y-%m-%dT%H:%M:%SZ")


def seen(
    s3: FakeS3,
    urls: Urls = STORED,
    mounted: MountedTable | None = None,
    enough: int = 2,
    storage: Storage | None = None,
) -> DatasetSeen:
    watch = Watch(KEY, VERSION, enough)
    looked = (storage or Storage()).dataset(access(s3.endpoint), URI, watch, urls, mounted)
    found = asyncio.run(looked)
    assert isinstance(found, DatasetSeen)
    return found


def test_what_a_run_has_read_is_not_new_whatever_became_of_it(lawn: FakeS3) -> None:
    found = seen(lawn)
    assert found.new == NewObjects(VERSION, 0, enough="", newest="", listed=at())
    assert found.uncounted == ""


def test_new_lines_came_when_the_table_was_changed_last(lawn: FakeS3) -> None:
    lawn.put("lists", "lawn/urls.csv", MORE, written=at(hours=2))
    assert seen(lawn).new == NewObjects(
        VERSION, 2, enough=at(hours=2), newest=at(hours=2), listed=at(), addresses=2
    )


def test_objects_and_lines_are_enough_together(lawn: FakeS3) -> None:
    lawn.put("lists", "lawn/urls.csv", MORE, written=at(hours=2))
    lawn.put("datasets", "lawn/grass/2.png", b"two", written=at(hours=1))
    assert seen(lawn, enough=3).new == NewObjects(
        VERSION, 3, enough=at(hours=1), newest=at(hours=1), listed=at(), addresses=2
    )


@pytest.mark.parametrize(
    ("table", "count"),
    [
        pytest.param(TABLE.replace(b"moss", b"grass"), 1, id="another label"),
        pytest.param(b"url,label\nhttp://a.example/1.png,grass\n", 0, id="one was taken out"),
        pytest.param(b"\r\n".join(reversed(TABLE.splitlines())), 0, id="another order"),
        pytest.param(TABLE * 3, 0, id="each of them three times"),
        pytest.param(b"", 0, id="an empty table"),
    ],
)
def test_a_line_is_what_it_says(lawn: FakeS3, table: bytes, count: int) -> None:
    lawn.put("lists", "lawn/urls.csv", table)
    found = seen(lawn).new
    assert found is not None
    assert (found.count, found.addresses) == (count, count)


def test_a_mounted_table_is_compared_as_one_in_storage(lawn: FakeS3) -> None:
    unchanged = seen(lawn, MOUNTED, MountedTable(TABLE, at(days=9)))
    changed = seen(lawn, MOUNTED, MountedTable(MORE, at(hours=2)))
    assert unchanged.new == NewObjects(VERSION, 0, enough="", newest="", listed=at())
    assert changed.new == NewObjects(
        VERSION, 2, enough=at(hours=2), newest=at(hours=2), listed=at(), addresses=2
    )
    assert unchanged.fingerprint != changed.fingerprint
    moved = seen(lawn, MOUNTED, MountedTable(MORE, at(hours=1)))
    assert moved.fingerprint == changed.fingerprint, "it says the same as before"


def test_a_table_that_cannot_be_read_is_told_and_the_objects_are_counted(lawn: FakeS3) -> None:
    lawn.put("datasets", "lawn/grass/2.png", b"two")
    found = seen(lawn, MOUNTED, MountedTable(unread="there is no ConfigMap addresses"))
    assert found.new is not None
    assert (found.new.count, found.new.addresses) == (1, 0)
    assert found.uncounted == "there is no ConfigMap addresses"


def test_a_table_that_is_too_large_is_told_and_the_objects_are_counted(lawn: FakeS3) -> None:
    lawn.put("lists", "lawn/urls.csv", bytes(9 << 20))
    lawn.put("datasets", "lawn/grass/2.png", b"two")
    found = seen(lawn)
    assert found.new is not None
    assert (found.new.count, found.new.addresses) == (1, 0)
    assert found.uncounted == "s3://lists/lawn/urls.csv is not read: it is larger than 8 MiB"


def test_a_version_that_an_earlier_release_made_says_nothing_of_its_table(lawn: FakeS3) -> None:
    note(lawn)
    found = seen(lawn)
    assert found.new is not None
    assert (found.new.count, found.new.addresses) == (0, 0)
    assert found.uncounted == (
        f"which addresses dataset version {VERSION} was made from is not noted beside it, as the "
        "next run will do"
    )


def test_a_table_is_read_again_only_where_it_or_the_note_has_changed(lawn: FakeS3) -> None:
    clock = Clock()
    storage = Storage(clock)

    def looked() -> tuple[int, int]:
        """New lines, and how often the table was read for that."""
        lawn.requests.clear()
        clock.now += LONGEST_MEMORY + 1
        found = seen(lawn, storage=storage).new
        assert found is not None
        return found.addresses, lawn.requests.count("GET /lists/lawn/urls.csv")

    assert looked() == (0, 1)
    assert looked() == (0, 0)
    lawn.put("lists", "lawn/urls.csv", MORE)
    assert looked() == (2, 1)
    assert looked() == (2, 0)
    note(lawn, table=MORE)
    assert looked() == (0, 1)


def test_a_mounted_table_that_has_changed_is_seen_at_once(lawn: FakeS3) -> None:
    """A listing is remembered for a while; what the cluster has told since is not that old."""
    storage = Storage(Clock())
    assert seen(lawn, MOUNTED, MountedTable(TABLE, at(days=1)), storage=storage).new is not None
    found = seen(lawn, MOUNTED, MountedTable(MORE, at()), storage=storage).new
    assert found is not None
    assert found.addresses == 2


def test_who_is_not_watched_has_no_table_read(lawn: FakeS3) -> None:
    found = asyncio.run(Storage().dataset(access(lawn.endpoint), URI, urls=STORED))
    assert isinstance(found, DatasetSeen)
    assert (found.new, found.uncounted) == (None, "")
    assert lawn.requests == ["HEAD /lists/lawn/urls.csv", "GET /datasets"]
    unread = MountedTable(unread="there is no ConfigMap addresses")
    found = asyncio.run(Storage().dataset(access(lawn.endpoint), URI, urls=MOUNTED, mounted=unread))
    assert isinstance(found, DatasetSeen)
    assert found.uncounted == ""
