"""Options that several commands share: each is read from the environment of a run where it is not
given, and the S3 service is reached with them.
"""

import argparse
import os
from pathlib import Path

from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location, ObjectStore, s3

ATTEMPTS = 3
CONNECTIONS = 8


def add_option(
    verb: argparse.ArgumentParser,
    name: str,
    value: str,
    variable: str,
    meaning: str,
    default: str = "",
) -> None:
    """`value` is what help shows in its place, `variable` the environment's name for it."""
    found = os.environ.get(variable) or default
    verb.add_argument(name, metavar=value, default=found, help=f"{meaning} [{variable}]")


def add_s3_options(verb: argparse.ArgumentParser) -> None:
    """Where the S3 service is, and the key to it."""
    add_option(verb, "--endpoint", "URL", "DANDELION_S3_ENDPOINT", "of the S3 service")
    add_option(verb, "--region", "REGION", "DANDELION_S3_REGION", "of the S3 service", "us-east-1")
    add_option(
        verb,
        "--credentials-dir",
        "FOLDER",
        "DANDELION_S3_CREDENTIALS_DIR",
        "of the files AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where there is one, "
        "AWS_SESSION_TOKEN; without them the pod's ServiceAccount is asked for a key",
        "/var/run/secrets/dandelion/s3",
    )


def add_output_option(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("-o", "--output", choices=("text", "json"), default="text")


def needed(name: str, value: str, variable: str) -> str:
    """The value; TrainingFailure where neither option nor environment has one."""
    if not value:
        raise refused(f"Where is it? Write {name}, or set {variable}.")
    return value


def location(name: str, value: str) -> Location:
    """The place that an option names."""
    try:
        return Location.parse(value)
    except ValueError as error:
        raise refused(f"{name}: {error}.") from error


def connected(parsed: argparse.Namespace, pool: int = CONNECTIONS) -> ObjectStore:
    """The S3 service of the options, with so many connections at a time."""
    return s3.connect(
        parsed.endpoint,
        parsed.region,
        Path(parsed.credentials_dir),
        os.environ.get("DANDELION_S3_CA_BUNDLE", ""),
        attempts=ATTEMPTS,
        pool=pool,
    )


def refused(message: str) -> TrainingFailure:
    """What was asked for cannot be done as it was asked."""
    return TrainingFailure(Reason.CONFIGURATION_INVALID, message)
