"""One line a step on standard error, with the time it took and how far a long one has come.

Somebody who starts a build of many minutes must see that it lives. Every sub-command reports
through `Step`; standard output stays free for what a command prints for other programs.
"""

import sys
import threading
import time
from types import TracebackType

INTERVAL_TERMINAL = 1.0
INTERVAL_FILE = 15.0
FIRST_FIGURE_AFTER = 10.0


def seconds(elapsed: float) -> str:
    """``7.2 s`` or ``3 min 04 s``."""
    if elapsed < 60:
        return f"{elapsed:.1f} s"
    return f"{int(elapsed) // 60} min {int(elapsed) % 60:02d} s"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Step:
    """A named piece of work: announces itself when it is long, and always says how it ended."""

    def __init__(self, title: str, expected: float | None = None) -> None:
        self.title = title
        self.expected = expected
        self.figure = ""
        self._began = time.monotonic()
        self._done = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Step":
        self._began = time.monotonic()
        self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._ticker.join()
        mark = "ok  " if kind is None else "FAIL"
        detail = f" ({self.figure})" if self.figure and kind is None else ""
        self._print(f"  {mark} {self.title}{detail}, {seconds(self.elapsed)}", last=True)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def _tick(self) -> None:
        interval = INTERVAL_TERMINAL if sys.stderr.isatty() else INTERVAL_FILE
        wait = INTERVAL_TERMINAL if sys.stderr.isatty() else FIRST_FIGURE_AFTER
        while not self._done.wait(wait):
            wait = interval
            about = f" of about {seconds(self.expected)}" if self.expected else ""
            parts = [part for part in (self.figure, f"{seconds(self.elapsed)}{about}") if part]
            self._print(f"  ...  {self.title}: {', '.join(parts)}", last=False)

    def _print(self, line: str, last: bool) -> None:
        if sys.stderr.isatty():
            end = "\n" if last else ""
            print(f"\r\033[K{line}", end=end, file=sys.stderr, flush=True)
        else:
            say(line)
