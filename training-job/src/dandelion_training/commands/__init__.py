"""What a person may ask of the training image, beside the runs that the operator starts."""

import argparse
from collections.abc import Sequence

from dandelion_training.commands import dataset, trace


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say; the exit code. A command adds itself to the parser, and imports
    what takes long only once it is called.
    """
    parser = argparse.ArgumentParser(
        prog="python -m dandelion_training",
        description="Without a command: one training run, as the environment describes it.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    dataset.add_to(commands)
    trace.add_to(commands)
    parsed = parser.parse_args(arguments)
    code: int = parsed.call(parsed)
    return code
