"""`python -m dandelion_training`: one run, its exit code and its termination message; with
`evaluate`, the evaluation of two published models alone; with `trial`, one trial of a search; with
`ingest`, the reading of a dataset alone; with other arguments, a command of a person.

The Jobs of the operator start the first four. SIGTERM is heeded from the first line on, before the
imports that take seconds, and while the network learns between two steps.
"""

import os
import signal
import sys
from collections.abc import Sequence

from dandelion_training.ports.failures import EXIT_INTERRUPTED, Interrupted
from dandelion_training.ports.termination import Termination

EVALUATE, TRIAL, INGEST = "evaluate", "trial", "ingest"


def main(arguments: Sequence[str] = ()) -> int:
    termination = Termination()
    signal.signal(signal.SIGTERM, termination)
    try:
        if list(arguments) not in ([], [EVALUATE], [TRIAL], [INGEST]):
            from dandelion_training.commands import main as command

            return command(arguments)
        from dandelion_training.run import job

        if list(arguments) == [TRIAL]:
            return job.search_trial(termination)
        if list(arguments) == [INGEST]:
            return job.dataset_ingest()
        return job.evaluation() if arguments else job.job(termination)
    except Interrupted:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    code = main(sys.argv[1:])
    if code == EXIT_INTERRUPTED:
        # Python would wait for requests that are under way in threads; the node waits for nobody.
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
