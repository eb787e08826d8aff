"""What the story ends with: every decision, newest last, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TOLD_OF_A_DIGEST = len("sha256:") + 8


def together(
    told: Sequence[dict[str, Any]], history: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What was told before and what is new in `status.history`, which forgets the oldest; both,
    and what is returned, with the newest first."""
    return [*(entry for entry in history if entry not in told), *told]


def receipts(history: Sequence[dict[str, Any]]) -> str:
    """`status.history` as lines: when, which version, what was decided, by whom, why, on which
    dataset."""
    return "\n".join(_line(entry) for entry in reversed(history))


def _line(entry: dict[str, Any]) -> str:
    version = f"v{entry['version']}" if entry.get("version") else ""
    by = f" by {entry['by']}" if entry.get("by") else ""
    dataset = entry.get("dataset") or ""
    rests_on = f" [dataset {dataset[:TOLD_OF_A_DIGEST]}]" if dataset.startswith("sha256:") else ""
    trigger = f" ({entry['trigger']})" if entry.get("trigger") else ""
    return (
        f"  {entry['time'][11:19]}  {version:3} {entry['decision']}{by}{trigger}:"
        f" {entry.get('reason') or ''}{rests_on}"
    )
