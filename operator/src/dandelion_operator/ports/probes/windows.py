"""What a pod says of its windows of answers, read with distrust: whatever listens may say anything.

The document is that of `front/routes/probes.py` of inference; what a later release adds is passed
over. Called by `probe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_operator.api import moments
from dandelion_operator.seen.windows import WindowCompared, WindowsOfSize

MOST_WINDOWS, MOST_KEPT = 10, 20
LARGEST_RATIO = 1e6


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Window(_Part):
    time: datetime
    ratio: Annotated[float, Field(ge=0, le=LARGEST_RATIO, allow_inf_nan=False)]
    statistic: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,31}$")]


class _OfSize(_Part):
    answers: Annotated[int, Field(ge=1, le=1_000_000)]
    last: Annotated[list[_Window], Field(max_length=MOST_KEPT)]


class _Document(_Part):
    windows: Annotated[list[_OfSize], Field(max_length=MOST_WINDOWS)]


def windows(body: Mapping[str, Any]) -> tuple[WindowsOfSize, ...] | None:
    """None where it is no such document."""
    try:
        document = _Document.model_validate(body)
        return tuple(
            WindowsOfSize(
                size.answers,
                tuple(
                    WindowCompared(moments.written(window.time), window.ratio, window.statistic)
                    for window in size.last
                ),
            )
            for size in document.windows
        )
    except (ValidationError, OverflowError):  # a time at an end of the calendar has no UTC
        return None
