"""Kubernetes' request to end, SIGTERM: heeded at once, or between two steps where what is under way
has to be put down first.

`__main__` installs it as the signal's handler before anything else; `fit` defers it while it
learns, so that the steps since the last checkpoint are kept within the pod's grace period.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dandelion_training.ports.failures import Interrupted


class Termination:
    """Whether this process was told to end."""

    def __init__(self) -> None:
        self.requested = False
        self._deferred = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        """The handler: raises `Interrupted` in the main thread, unless that is deferred."""
        self.requested = True
        if not self._deferred:
            raise Interrupted

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within it a request only sets `requested`, for whoever is inside to look at.

        Raises `Interrupted` at the end where nobody did.
        """
        with self._set(deferred=True):
            yield
        if self.requested:
            raise Interrupted

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """A part within `deferred` that may be interrupted anywhere."""
        if self.requested:
            raise Interrupted
        with self._set(deferred=False):
            yield

    @contextmanager
    def _set(self, *, deferred: bool) -> Iterator[None]:
        before, self._deferred = self._deferred, deferred
        try:
            yield
        finally:
            self._deferred = before
