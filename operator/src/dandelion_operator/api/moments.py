"""Moments as Kubernetes writes them, 2026-01-31T09:30:00Z, and the way there and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def moment(text: str | None) -> datetime | None:
    """In UTC; None where there is none, or what stands there is no time."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def written(when: datetime) -> str:
    return when.astimezone(UTC).strftime(FORMAT)


def after(text: str, seconds: float) -> str:
    """That many seconds later; "" where it is not known when that would be."""
    start = moment(text)
    return written(start + timedelta(seconds=seconds)) if start is not None else ""
