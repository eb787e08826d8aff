"""Why a file is not read: a kind for programs, and words for whoever sent or stored it."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What is wrong with a file."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not-an-image"
    UNSUPPORTED = "unsupported"
    TRUNCATED = "truncated"
    BROKEN = "broken"
    TOO_LARGE = "too-large"


class Unreadable(Exception):  # noqa: N818 - a finding about a file, not a fault of the program
    """The one thing that reading raises, whatever a decoder tripped over."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
