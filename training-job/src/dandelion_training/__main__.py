"""`python -m dandelion_training`: one run, its exit code and its termination message; with
`evaluate`, the evaluation of two published models alone; with `trial`, one trial of a search; with
other arguments, a command of a person.

The Jobs of the operator start the first three. SIGTERM is heeded from the first line on, before the
imports that take seconds, and while the network learns between two steps.
"""

import os
import signal
import sys
from collections.abc import Sequence

from dandelion_training.ports.failures import EXIT_INTERRUPTED, Interrupted
from dandelion_training.ports.termination import Termination

EVALUATE, TRIAL = "evaluate", "trial"


def main(arguments: Sequence[str] = ()) -> int:
    termination = Termination()
    signal.signal(signal.SIGTERM, termination)
    try:
        if list(arguments) not in ([], [EVALUATE], [TRIAL]):
            from dandelion_training.commands import main as command

            return command(arguments)
        from dandelion_training.run.job import evaluation, job, search_trial

        if list(arguments) == [TRIAL]:
            return search_trial(termination)
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
