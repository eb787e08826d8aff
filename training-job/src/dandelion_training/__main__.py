"""`python -m dandelion_training`: one run, its exit code and its termination message; or, with
arguments, a command.

The Job of the operator starts runs. SIGTERM is heeded from the first line on, before the imports
that take seconds.
"""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from dandelion_training.ports.failures import EXIT_INTERRUPTED, Interrupted


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Interrupted


def main(arguments: Sequence[str] = ()) -> int:
    signal.signal(signal.SIGTERM, _stop)
    try:
        if arguments:
            from dandelion_training.commands import main as command

            return command(arguments)
        from dandelion_training.run.job import job

        return job()
    except Interrupted:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    code = main(sys.argv[1:])
    if code == EXIT_INTERRUPTED:
        # Python would wait for requests that are under way in threads; the node waits for nobody.
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
