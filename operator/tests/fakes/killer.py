"""Ends the operator at its n-th write, before or after the write took effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class Killed(BaseException):
    """The operator's process ends right here."""


@dataclass
class Killer:
    at: int | None = None
    after_effect: bool = True
    writes: int = 0

    def write(self, effect: Callable[[], T]) -> T:
        self.writes += 1
        if self.writes != self.at:
            return effect()
        if self.after_effect:
            effect()
        raise Killed
