"""What `spec.promotion` asks of a version. Shares lie between 0 and 1; they are not per cent."""

from __future__ import annotations

from typing import Protocol


class Rules(Protocol):
    """The fields of `spec.promotion` that the gate reads."""

    @property
    def metric(self) -> str: ...
    @property
    def minimum(self) -> float: ...
    @property
    def margin(self) -> float: ...
    @property
    def confidence(self) -> float: ...
    @property
    def min_class_recall(self) -> float | None: ...
    @property
    def min_improvement(self) -> float: ...
    @property
    def on_undecided(self) -> str: ...
