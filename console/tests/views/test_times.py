"""Moments in UTC and how long ago they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dandelion_console.views.times import moment

NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(0), "0 s ago"),
        (timedelta(seconds=90), "90 s ago"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(minutes=119), "119 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=12), "12 d ago"),
        (timedelta(hours=-3), "in 3 h"),
    ],
)
def test_how_long_ago(ago: timedelta, words: str) -> None:
    found = moment((NOW - ago).isoformat(), NOW)
    assert found is not None
    assert found.relative == words


def test_every_zone_is_shown_as_utc() -> None:
    found = moment("2026-03-08T12:30:00+02:00", NOW)
    assert found is not None
    assert (found.iso, found.relative) == ("2026-03-08T10:30:00Z", "90 min ago")


def test_what_is_no_time_is_shown_as_it_is() -> None:
    found = moment("soon", NOW)
    assert found is not None
    assert (found.iso, found.relative) == ("soon", "")
    assert moment(None, NOW) is None
