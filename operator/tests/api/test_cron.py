"""Schedules: what may be written, and when they are due, clocks that change included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import given
import hypothesis
import pytest
from dandelion_operator.api import cron, moments
from dandelion_operator.api.resource import InvalidResource, Resource, parse
from hypothesis import strategies as st

PARIS, UNTIL_SPRING, UNTIL_AUTUMN = "Europe/Paris", "2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"


def due(schedule: str, zone: str | None, begin: str, count: int) -> list[str]:
    found, after = [], moments.moment(begin)
    assert after is not None
    for _ in range(count):
        after = cron.next_due(schedule, zone, after)
        assert after is not None
        found.append(moments.written(after))
    return found


def parsed(triggers: dict[str, str]) -> Resource | InvalidResource:
    return parse(
        {
            "metadata": {"namespace": "default", "name": "lawn", "uid": "1"},
            "spec": {"dataset": {"storageUri": "s3://datasets/lawn"}, "triggers": triggers},
        }
    )


@pytest.mark.parametrize(
    ("schedule", "zone", "begin", "expected"),
    [
        pytest.param(
            "0 3 * * 0",
            None,
            "2026-11-26T00:00:00Z",
            ["2026-11-29T03:00:00Z", "2026-12-06T03:00:00Z"],
            id="Sundays at three",
        ),
        pytest.param(
            "0 3 * * 0",
            None,
            "2026-11-29T03:00:00Z",
            ["2026-12-06T03:00:00Z"],
            id="a moment is not after itself",
        ),
        pytest.param(
            "0 3 ? * SUN",
            PARIS,
            "2026-11-26T00:00:00Z",
            ["2026-11-29T02:00:00Z"],
            id="a question mark and a name, in Paris",
        ),
        pytest.param(
            "@weekly", None, "2026-11-26T00:00:00Z", ["2026-11-29T00:00:00Z"], id="a form"
        ),
        pytest.param(
            "30 2 * * *",
            PARIS,
            UNTIL_SPRING,
            ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
            id="half past two does not exist: right after the gap",
        ),
        pytest.param(
            "30 2 * * *",
            PARIS,
            UNTIL_AUTUMN,
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
            id="half past two comes twice: the first time",
        ),
        pytest.param(
            "30 2 * * *",
            PARIS,
            "2026-10-25T01:10:00Z",
            ["2026-10-26T01:30:00Z"],
            id="half past two comes twice: not again, seen from between the two",
        ),
        pytest.param(
            "30 * * * *",
            PARIS,
            "2026-10-25T00:00:00Z",
            ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"],
            id="every hour goes on through an hour that comes twice",
        ),
        pytest.param(
            "0 * * * *",
            PARIS,
            "2026-03-29T00:00:00Z",
            ["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"],
            id="every hour goes on through an hour that is left out",
        ),
        pytest.param(
            "*/30 1-2 * * *",
            PARIS,
            "2026-10-25T00:00:00Z",
            [f"2026-10-25T0{time}:00Z" for time in ("0:30", "1:00", "1:30")]
            + ["2026-10-26T00:00:00Z"],
            id="what repeats does so twice in an hour that comes twice",
        ),
        pytest.param(
            "0 */6 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T14:30:00Z",
            ["2026-10-03T19:00:00Z", "2026-10-04T01:00:00Z"],
            id="every six hours where clocks go forward by half an hour",
        ),
        pytest.param(
            "0 */6 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T13:00:00Z",
            ["2026-04-04T19:30:00Z", "2026-04-05T01:30:00Z"],
            id="every six hours where clocks go back by half an hour",
        ),
        pytest.param(
            "*/30 1 * * *",
            "Africa/Cairo",
            "2027-04-29T20:00:00Z",
            ["2027-04-29T22:00:00Z", "2027-04-29T22:30:00Z", "2027-04-30T22:00:00Z"],
            id="right after a gap at midnight",
        ),
        pytest.param(
            "0 0 29 2 *", None, "2026-01-01T00:00:00Z", ["2028-02-29T00:00:00Z"], id="leap years"
        ),
    ],
)
def test_a_schedule_is_due(
    schedule: str, zone: str | None, begin: str, expected: list[str]
) -> None:
    assert due(schedule, zone, begin, len(expected)) == expected


@pytest.mark.parametrize(
    ("triggers", "words"),
    [
        pytest.param({"schedule": "0 3 * *"}, "has 4 fields: write five", id="four fields"),
        pytest.param({"schedule": "0 0 3 * * 0"}, "has 6 fields: write five", id="seconds"),
        pytest.param({"schedule": "0 25 * * *"}, "bad hour", id="an hour that is none"),
        pytest.param({"schedule": "0 0 30 2 *"}, "a day that never comes", id="30 February"),
        pytest.param({"schedule": "@every 5m"}, "write one of these, or five fields", id="@every"),
        pytest.param(
            {"schedule": "CRON_TZ=Europe/Paris 0 3 * * 0"},
            "write the zone into timeZone instead",
            id="a zone in the expression",
        ),
        pytest.param(
            {"schedule": "@daily", "timeZone": "Mars/Olympus"},
            "as in Europe/Paris",
            id="a zone that is none",
        ),
        pytest.param(
            {"schedule": "@daily", "timeZone": "Local"}, "as in Europe/Paris", id="the pod's zone"
        ),
        pytest.param(
            {"schedule": "@daily", "timeZone": "../../etc/localtime"},
            "as in Europe/Paris",
            id="a path out of the database",
        ),
        pytest.param(
            {"timeZone": "Europe/Paris"}, "write triggers.schedule", id="a zone of nothing"
        ),
    ],
)
def test_what_is_no_schedule_is_refused_with_what_to_write(
    triggers: dict[str, str], words: str
) -> None:
    found = parsed(triggers)
    assert isinstance(found, InvalidResource)
    assert found.message.startswith("spec.triggers")
    assert words in found.message


def test_saying_nothing_of_triggers_is_saying_that_there_are_none() -> None:
    assert given.resource(triggers=None).spec == given.resource().spec


BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = (None, PARIS, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo")
PARTS = st.tuples(
    st.sampled_from(["0", "30", "*/20", "*", "5,50"]),
    st.sampled_from(["0", "2", "*/6", "*", "1-3", "23"]),
    st.sampled_from(["*", "1", "*/10", "25,29", "L"]),
    st.sampled_from(["*", "3", "10,11", "*/2"]),
    # On no Monday do clocks change, so there is none on which a time is left out each year.
    st.sampled_from(["*", "0", "6", "MON#5"]),
)


@hypothesis.given(PARTS, st.sampled_from(ZONES), st.integers(0, 2 * 365 * 86400))
def test_a_moment_is_always_later_and_none_lies_between(
    parts: tuple[str, ...], zone: str | None, second: int
) -> None:
    after, schedule = BEGIN + timedelta(seconds=second), " ".join(parts)
    found = cron.next_due(cron.checked(schedule), zone, after)
    assert found is not None
    assert found > after
    half = after + timedelta(seconds=int((found - after).total_seconds()) // 2)
    assert cron.next_due(schedule, zone, half) == found


def test_what_clocks_never_show_is_never_due() -> None:
    """March has a fifth Sunday where its last one is the 29th or later, and loses two o'clock."""
    assert cron.next_due("*/20 2 * 3 SUN#5", PARIS, BEGIN) is None
    assert cron.next_due("*/20 2 * 3 SUN#5", None, BEGIN) is not None


@hypothesis.given(
    st.text(alphabet="0123456789*/-,LW#?@ADEFHIJKMNORSTUYZadehilnoruty =²", max_size=24)
)
def test_any_text_is_a_schedule_or_is_refused_in_words(text: str) -> None:
    found = parsed({"schedule": text})
    if isinstance(found, InvalidResource):
        assert found.message.startswith("spec.triggers.schedule: ")
    else:
        assert cron.next_due(text, PARIS, BEGIN) is not None
