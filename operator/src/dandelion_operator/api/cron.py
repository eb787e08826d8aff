"""Schedules: a cron expression in a time zone, and the moments at which it is due.

Five fields as Debian's cron has them, with `?`, names of days and months and the forms from
`@hourly` to `@yearly`, which CronJob takes too. Where clocks go forward, a time that does not exist
is due right after the gap; where they go back, one that comes twice is due the first time; what
repeats by the hour or the minute goes on in real time. Pure: the moment to begin at is an argument.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

FORMS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
FIELDS = 5
# A whole cycle of the calendar lies between this and the end of what is looked through.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_YEARS = 50
# Clocks go back by less than this.
AHEAD = timedelta(hours=3)


@lru_cache(maxsize=4096)
def checked(schedule: str) -> str:
    """The expression as it is. Raises ValueError, which says what to write instead."""
    for prefix in ("TZ=", "CRON_TZ="):
        if schedule.startswith(prefix):
            raise ValueError(f"begins with {prefix}: write the zone into timeZone instead")
    if schedule.startswith("@") and schedule not in FORMS:
        raise ValueError(f"is not one of {', '.join(FORMS)}: write one of these, or five fields")
    fields = _fields(schedule)
    if len(fields) != FIELDS:
        raise ValueError(
            f"has {len(fields)} fields: write five, minute, hour, day of the month, month and day "
            'of the week, as in "0 3 * * 0"'
        )
    try:
        comes = next_due(schedule, None, BEGINNING)
    except CronSimError as error:
        comes = None
        if not _is_readable(" ".join([*fields[:3], "*", fields[4]])):
            raise ValueError(
                f'cannot be read ({str(error).lower()}): write five fields as in "0 3 * * 0"'
            ) from error
    if comes is None:
        raise ValueError("names a day that never comes: write one that its months have")
    return schedule


@lru_cache(maxsize=1024)
def zone(name: str | None) -> tzinfo:
    """UTC without a name. Raises ValueError, which says what to write instead."""
    if name is None or name.upper() in ("UTC", "ETC/UTC"):
        return UTC
    try:
        if name.lower() in ("local", "localtime"):
            raise ValueError("would be wherever the operator runs")
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name} is no time zone that is known: write a name of the IANA database, as in "
            "Europe/Paris"
        ) from error


def next_due(schedule: str, time_zone: str | None, after: datetime) -> datetime | None:
    """The first moment later than that, in UTC; None where none comes in 50 years."""
    fields, place = _fields(schedule), zone(time_zone)
    if any(field.startswith("*") for field in fields[:2]):
        return _next_of_those_that_repeat(" ".join(fields), place, after)
    for found in CronSim(" ".join(fields), after.astimezone(place)):
        # Of an hour that comes twice the first is meant, which may be over.
        if (due := found.astimezone(UTC)) > after:
            return due
    return None


def _next_of_those_that_repeat(expression: str, place: tzinfo, after: datetime) -> datetime | None:
    """Among all moments at which clocks there show what the expression says.

    cronsim is asked for what clocks show alone: in a zone, it steps over moments that follow a
    change by half an hour, or at midnight.
    """
    here, ahead = (it.astimezone(place).replace(tzinfo=None) for it in (after, after + AHEAD))
    # What comes twice may come again, where clocks go back soon.
    begin = here - max(AHEAD - (ahead - here), timedelta())
    again: datetime | None = None
    for shown in CronSim(expression, begin):
        first, second = (shown.replace(tzinfo=place, fold=n).astimezone(UTC) for n in (0, 1))
        if shown.year > begin.year + LONGEST_YEARS or (again is not None and first > again):
            break
        if first.astimezone(place).replace(tzinfo=None) != shown:
            continue  # left out where clocks go forward
        if first > after:
            return first
        if second > after and again is None:
            again = second
    return again


def _is_readable(schedule: str) -> bool:
    try:
        CronSim(schedule, BEGINNING)
    except CronSimError:
        return False
    return True


def _fields(schedule: str) -> list[str]:
    fields = FORMS.get(schedule, schedule).split()
    return [
        "*" if field == "?" and place in (2, 4) else field for place, field in enumerate(fields)
    ]
