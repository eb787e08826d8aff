"""`python -m dandelion_training`: one run, its exit code and its termination message; with
`evaluate`, the evaluation of two published models alone; with other arguments, a command of a
person.

The Jobs of the operator start the first two. SIGTERM is heeded from the first line on, before the
imports that take seconds, and while the network learns between two steps.
"""

import os
import signal
import sys
from collections.abc import Sequence

from dandelion_training.ports.failures import EXIT_INTERRUPTED, Interrupted
from dandelion_training.ports.termination import Termination

EVALUATE = "evaluate"


def main(arguments: Sequence[str] = ()) -> int:
    termination = Termination()
    signal.signal(signal.SIGTERM, termination)
    try:
        if list(arguments) not in ([], [EVALUATE]):
            from dandelion_training.commands import main as command

            return command(arguments)
        from dandelion_training.run.job import evaluation, job

        return evaluation() if arguments else job(termination)
    except Interrupted:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    code = main(sys.argv[1:])
    if code == EXIT_INTERRUPTED:
        # Python would wait for requests that are under way in threads; the node waits for nobody.
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
