"""What the journal remembers of uploads and answers.

Called by `journal`, and by `front/service.py` in worker threads.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar

from dandelion_inference.journal.rows import LoggedImage

Value = TypeVar("Value")


class Recent(OrderedDict[str, Value]):
    """The entries that came last, so many of them."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def remember(self, key: str, value: Value) -> None:
        self.pop(key, None)
        self[key] = value
        while len(self) > self._size:
            self.popitem(last=False)


class UploadRecord:
    """What the journal keeps of one upload: its digest, and its bytes where they are logged."""

    def __init__(self, data: bytes, keep: bool) -> None:
        self._data: bytes | None = data
        self._keep = keep
        self.sha256 = ""

    def compute_digest(self) -> None:
        """In a worker's thread: a hundred kilobytes take a tenth of a millisecond."""
        assert self._data is not None
        self.sha256 = hashlib.sha256(self._data).hexdigest()
        if not self._keep:
            self._data = None

    def logged_image(self) -> LoggedImage | None:
        return None if self._data is None else LoggedImage(self.sha256, self._data)


@dataclass(frozen=True)
class Given:
    """What this pod answered: digest and label of each image; no label where it was refused."""

    images: tuple[str | None, ...]
    labels: tuple[str | None, ...]
