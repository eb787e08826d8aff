"""Whose turn it is to have a log looked through: some at once, and of one namespace one.

Called by `app`, in threads.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class NoTurnError(Exception):
    """It did not come in time."""


class Turns:
    def __init__(self, at_once: int, patience: float) -> None:
        """`patience`: how long to wait, in seconds."""
        self._at_once = at_once
        self._patience = patience
        self._taken: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, namespace: str) -> Iterator[None]:
        """Raises NoTurnError."""

        def is_free() -> bool:
            return namespace not in self._taken and len(self._taken) < self._at_once

        with self._changed:
            if not self._changed.wait_for(is_free, self._patience):
                raise NoTurnError
            self._taken.add(namespace)
        try:
            yield
        finally:
            with self._changed:
                self._taken.remove(namespace)
                self._changed.notify_all()
