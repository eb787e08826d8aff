"""Why a file cannot be read as an image: a kind and the words for who sent it.

Raised by `image.py` and `rgb.py`; whoever calls them decides what it means.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What is wrong with the file."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not an image"
    UNSUPPORTED_FORMAT = "unsupported format"
    TRUNCATED = "truncated"
    BROKEN = "broken"
    TOO_MANY_PIXELS = "too many pixels"


class UnreadableError(Exception):
    """The file is none that becomes the network's numbers."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
