"""Why a file cannot be read as an image: a kind and the words for who sent it.

Raised by `reader.py` and `rgb.py`; whoever calls them decides what it means.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What is wrong with the file."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not-an-image"
    UNSUPPORTED = "unsupported"
    TRUNCATED = "truncated"
    BROKEN = "broken"
    TOO_LARGE = "too-large"


class Unreadable(Exception):  # noqa: N818 - a finding about a file, not a fault of the program
    """The file is none that becomes the network's numbers."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
