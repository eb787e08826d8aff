"""What the commands of a review work with, read from their options."""

import argparse
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dandelion_training.commands.connection import (
    add_option,
    add_s3_options,
    location,
    needed,
    refused,
)
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.review import decisions
from dandelion_training.review.accuracy import kept
from dandelion_training.review.decisions import Signer
from dandelion_training.review.prediction_log import PredictionLog

UNITS = {"h": "hours", "d": "days", "w": "weeks"}
VARIABLE = "DANDELION_DECISIONS_URI"

Connect = Callable[[argparse.Namespace], ObjectStore]


@dataclass(frozen=True)
class Desk:
    """`model` is NAMESPACE/NAME of the ModelDeployment."""

    model: str
    store: ObjectStore
    log: PredictionLog
    signer: Signer
    place: Location
    """Of the decisions."""
    live: Location
    """Of what is kept of accuracies."""
    now: datetime


def open_desk(parsed: argparse.Namespace, connect: Connect, now: datetime) -> Desk:
    """Raises TrainingFailure where an option is missing or makes no sense."""
    needed("--endpoint", parsed.endpoint, "DANDELION_S3_ENDPOINT")
    model = needed("--model", parsed.model, "DANDELION_NAME")
    namespace, _, name = model.partition("/")
    if not namespace or not name or "/" in name:
        raise refused(f"--model is {parsed.model!r}; write NAMESPACE/NAME.")
    log = location("--log", needed("--log", parsed.log, "DANDELION_LOG_URI"))
    models = location("--decisions", needed("--decisions", parsed.decisions, VARIABLE))
    key = decisions.key_in(Path(parsed.credentials_dir))
    store = connect(parsed)
    return Desk(
        model,
        store,
        PredictionLog(
            store,
            log.child(namespace).child(name),
            (now - since(parsed.since)).date(),
            now.date(),
        ),
        Signer(namespace, name, key),
        decisions.place_of(models, namespace, name),
        kept.place_of(models, namespace, name),
        now,
    )


def add_options(verb: argparse.ArgumentParser) -> None:
    """What `open_desk` reads."""
    namespace, name = (os.environ.get(f"DANDELION_{part}", "") for part in ("NAMESPACE", "NAME"))
    verb.add_argument(
        "--model",
        metavar="NAMESPACE/NAME",
        default=f"{namespace}/{name}" if namespace and name else "",
        help="the ModelDeployment that answered [DANDELION_NAMESPACE, DANDELION_NAME]",
    )
    add_option(verb, "--log", "URI", "DANDELION_LOG_URI", "of the prediction log: s3://BUCKET")
    add_option(verb, "--decisions", "URI", VARIABLE, "where decisions are kept: s3://BUCKET")
    verb.add_argument(
        "--since", metavar="AGE", default="30d", help="how far back to look: 12h, 30d, 4w (30d)"
    )
    add_s3_options(verb)


def since(age: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,3})([hdw])", age)
    if found is None:
        raise refused(f"--since is {age!r}; write hours, days or weeks: 12h, 7d, 4w.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})
