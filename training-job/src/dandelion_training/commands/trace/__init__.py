"""`trace`: from a logged answer to everything that it rests on, every link checked.

The answer's row names the contract of the model that gave it; from there digests lead to the
artifact, the dataset version, the evaluation and the comparison, and MLflow's tags to run, code and
verdict. Nothing is written.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dandelion_training.commands.connection import (
    add_option,
    add_output_option,
    add_s3_options,
    connected,
    location,
    needed,
    refused,
)
from dandelion_training.commands.trace.links import document, is_whole, text
from dandelion_training.commands.trace.question import Question, Resource
from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.ports.storage import ObjectStore
from dandelion_training.ports.storage.credentials import SECRET_KEY, SIGNING_KEY, signing_key
from dandelion_training.review.answer_id import PURPOSE, read_answer_id

WHOLE, BROKEN, NOT_FOUND = 0, 1, 2
CONNECTIONS = 16
UNITS = {"h": "hours", "d": "days", "w": "weeks"}

Subparsers = Any  # argparse has no public name for what `add_subparsers` returns


def add_to(commands: Subparsers) -> None:
    """Make `trace` one of the commands."""
    verb = commands.add_parser(
        "trace",
        help="from an answer to everything that it rests on",
        description="Follow a logged answer by digests to model, run, data, evaluation and verdict,"
        " and check every link. Exit code: 0 all whole, 1 something was changed or is missing,"
        " 2 no such answer, or it cannot be looked for.",
    )
    verb.add_argument("answer", metavar="ANSWER-ID", help="of the header Dandelion-Answer-Id")
    namespace, name = (os.environ.get(f"DANDELION_{part}", "") for part in ("NAMESPACE", "NAME"))
    verb.add_argument(
        "--model",
        metavar="NAMESPACE/NAME",
        default=f"{namespace}/{name}" if namespace and name else "",
        help="the ModelDeployment that answered [DANDELION_NAMESPACE, DANDELION_NAME]",
    )
    add_option(verb, "--log", "URI", "DANDELION_LOG_URI", "of the prediction log: s3://BUCKET")
    add_option(verb, "--mlflow", "URL", "MLFLOW_TRACKING_URI", "of MLflow")
    add_option(
        verb,
        "--mlflow-token-file",
        "FILE",
        "DANDELION_MLFLOW_TOKEN_FILE",
        "of the token for MLflow; left out: it asks nobody who they are",
    )
    add_option(
        verb,
        "--log-credentials-dir",
        "FOLDER",
        "DANDELION_LOG_CREDENTIALS_DIR",
        f"of the log's {SIGNING_KEY} or {SECRET_KEY}, which answers are signed with",
        "/var/run/secrets/dandelion/log",
    )
    beside = "; left out: beside the runs"
    for option, variable, of in (
        ("--versions", "DANDELION_DATASET_MANIFESTS_URI", "dataset versions"),
        ("--evaluations", "DANDELION_EVALUATIONS_URI", "evaluations"),
    ):
        add_option(verb, option, "URI", variable, f"of {of}{beside}")
    verb.add_argument(
        "--images",
        nargs="?",
        choices=("none", "listed", "hash"),
        const="listed",
        default="none",
        help="also check every image of the dataset version: by size and ETag, or read them all",
    )
    verb.add_argument(
        "--since",
        metavar="AGE",
        default="7d",
        help="how far back to look for an id of an earlier release, which has no time: 12h, 7d, 4w",
    )
    add_s3_options(verb)
    add_output_option(verb)
    verb.set_defaults(call=call)


def call(
    parsed: argparse.Namespace,
    connect: Callable[[argparse.Namespace], tuple[ObjectStore, Any]] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Print the trace; the exit code."""
    from dandelion_training.commands.trace.follow import trace

    try:
        question = _question(parsed)
        store, registry = (connect or _connected)(parsed)
        with tempfile.TemporaryDirectory() as work:
            links = trace(question, store, registry, now(), Path(work))
    except TrainingFailure as failure:
        print(f"error: {failure.message}", file=sys.stderr)
        return NOT_FOUND
    if parsed.output == "json":
        print(json.dumps(document(question.answer.text, links), indent=2, ensure_ascii=False))
    else:
        print("\n".join(text(links)))
    return WHOLE if is_whole(links) else BROKEN


def _question(parsed: argparse.Namespace) -> Question:
    try:
        answer = read_answer_id(parsed.answer)
    except ValueError as error:
        raise refused(f"{error}: copy it whole from the header Dandelion-Answer-Id.") from error
    namespace, _, name = needed("--model", parsed.model, "DANDELION_NAME").partition("/")
    if not namespace or not name:
        raise refused(f"--model is {parsed.model!r}; write NAMESPACE/NAME.")
    needed("--endpoint", parsed.endpoint, "DANDELION_S3_ENDPOINT")
    needed("--mlflow", parsed.mlflow, "MLFLOW_TRACKING_URI")
    log = location("--log", needed("--log", parsed.log, "DANDELION_LOG_URI"))
    return Question(
        answer,
        Resource(namespace, name),
        log.child(namespace).child(name),
        signing_key(Path(parsed.log_credentials_dir), PURPOSE),
        location("--versions", parsed.versions) if parsed.versions else None,
        location("--evaluations", parsed.evaluations) if parsed.evaluations else None,
        parsed.images,
        _since(parsed.since),
    )


def _since(age: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,3})([hdw])", age)
    if found is None:
        raise refused(f"--since is {age!r}; write hours, days or weeks: 12h, 7d, 4w.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _connected(parsed: argparse.Namespace) -> tuple[ObjectStore, Any]:
    from dandelion_training.ports.registry import versions
    from dandelion_training.ports.registry.identity import identity

    file, namespace = parsed.mlflow_token_file, parsed.model.partition("/")[0]
    who = identity(Path(file) if file else None, namespace)
    return connected(parsed, CONNECTIONS), versions.connect(parsed.mlflow, who)
