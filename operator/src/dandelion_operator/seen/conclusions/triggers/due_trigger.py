"""What a trigger that asks for a run is told by."""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.api.spec.triggers import Trigger


@dataclass(frozen=True)
class Due:
    """A trigger that asks for a run, in words with which numbers; since when, or "": unknown."""

    trigger: Trigger
    since: str
    message: str
