"""`python -m dandelion_training`: one run, its exit code and its termination message; with
`evaluate`, the evaluation of two published models alone.

The Jobs of the operator start it. SIGTERM is heeded from the first line on, before the imports that
take seconds, and while the network learns between two steps.
"""

import os
import signal
import sys

from dandelion_training.ports.failures import EXIT_INTERRUPTED, Interrupted
from dandelion_training.ports.termination import Termination


def main() -> int:
    termination = Termination()
    signal.signal(signal.SIGTERM, termination)
    try:
        from dandelion_training.run.job import evaluation, job

        return evaluation() if sys.argv[1:] == ["evaluate"] else job(termination)
    except Interrupted:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    code = main()
    if code == EXIT_INTERRUPTED:
        # Python would wait for requests that are under way in threads; the node waits for nobody.
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
