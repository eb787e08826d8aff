"""What nothing else remembers of the triggers."""

from __future__ import annotations

from dandelion_operator.api.status.part import Part, Words


class KnownSchedule(Part):
    """`since`: moments up to then are served, or were before the operator first saw it."""

    expression: str
    time_zone: str | None = None
    since: str


class WaitingTrigger(Part):
    """A trigger that is due and held back; `until` is left out where no moment is known."""

    trigger: str
    since: str
    until: str | None = None
    reason: str = ""
    message: Words = ""


class EnoughImages(Part):
    """`since`: when there were first as many as are asked for that are not in the dataset version.
    Lines of a table of addresses have no moments of their own.
    """

    dataset_version: str
    since: str


class Triggers(Part):
    """`new_images`: how many no run has listed or read; `started_at`: when runs were started by
    triggers of late, the newest first.
    """

    schedule: KnownSchedule | None = None
    next_schedule_time: str | None = None
    new_images: int | None = None
    enough_images: EnoughImages | None = None
    waiting: WaitingTrigger | None = None
    started_at: tuple[str, ...] = ()
