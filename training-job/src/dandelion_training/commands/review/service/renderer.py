"""Has pictures that browsers do not show rendered, each by a process of its own that has no key
(`review/rendering.py`).

Called by `app`, in threads.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

from dandelion_training.commands.review.service.reviews import RefusedError
from dandelion_training.commands.review.service.turns import Turns
from dandelion_training.review.rendering import REFUSED

AT_ONCE = 1  # a picture may take half a gigabyte
PATIENCE_SECONDS = 10.0
SECONDS = 25.0  # of waiting; it may compute for less
LARGEST = 8 << 20  # bytes of a JPEG

EXPORTED = "`review export` hands the image out."


class Renderer:
    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._turns = Turns(AT_ONCE, PATIENCE_SECONDS)

    def jpeg(self, namespace: str, content: bytes) -> bytes:
        """The picture as a JPEG of bounded size; raises RefusedError, and NoTurnError where others
        are rendered for too long.
        """
        with self._turns.turn(namespace):
            status, made = _rendered(content, self._seconds)
        if status == REFUSED:
            words = made.decode(errors="replace")[:1000]
            raise RefusedError(f"It cannot be shown here: {words} {EXPORTED}")
        if status != 0 or not made or len(made) > LARGEST:
            raise RefusedError(f"It cannot be shown here: it takes too much. {EXPORTED}")
        return made


def _rendered(content: bytes, seconds: float) -> tuple[int, bytes]:
    """The exit status and what was written, at most one byte more than is wanted."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "dandelion_training.review.rendering"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        env={
            "PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
    )
    assert process.stdin is not None
    assert process.stdout is not None
    timer = threading.Timer(seconds, _end, (process,))
    timer.start()
    try:
        with process.stdout:
            # Closing writes what is left, and meets a process that has ended once more.
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(content)
            made = process.stdout.read(LARGEST + 1)
        if len(made) <= LARGEST:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    finally:
        # While its number is nobody else's yet.
        timer.cancel()
        _end(process)
        status = process.wait()
    return status, made


def _end(process: subprocess.Popen[bytes]) -> None:
    """And whatever it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
