"""`review serve`: the queue, its images and the decisions over HTTP, for the console alone.

It has the installation's key of training, which reads every log and writes and signs every
decision; so it is a process of its own, that runs nobody's code, decodes nobody's image (another
one does, which has no key: `renderer.py`), and trusts one caller (`ports/callers.py`). Who may
review is for that caller to ask the cluster.
"""

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dandelion_training.commands.connection import (
    add_option,
    add_s3_options,
    connected,
    location,
    needed,
    refused,
)
from dandelion_training.commands.review.desk import VARIABLE, since
from dandelion_training.commands.review.service.reviews import Places, Reviews
from dandelion_training.ports.callers import ApiServer, Callers
from dandelion_training.ports.failures import TrainingFailure

Verbs = Any  # argparse has no public name for what `add_subparsers` returns

CONNECTIONS = 32
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def add_to(verbs: Verbs) -> None:
    """Make `serve` a verb of `review`."""
    verb = verbs.add_parser("serve", help="the queue over HTTP, for the console")
    add_option(verb, "--log", "URI", "DANDELION_LOG_URI", "of the prediction log: s3://BUCKET")
    add_option(verb, "--decisions", "URI", VARIABLE, "where decisions are kept: s3://BUCKET")
    add_option(
        *(verb, "--caller", "USER", "DANDELION_REVIEW_CALLER"),
        "who may ask: system:serviceaccount:NAMESPACE:NAME",
    )
    verb.add_argument(
        "--since", metavar="AGE", default="30d", help="how far back to look: 12h, 30d, 4w (30d)"
    )
    verb.add_argument("--host", default="", help="address to listen on; empty: every one")
    verb.add_argument("--port", type=int, default=8080)
    verb.add_argument(
        "--service-account-dir",
        metavar="FOLDER",
        default=os.environ.get("DANDELION_SERVICE_ACCOUNT_DIR", ACCOUNT),
        help="of the files token and ca.crt, with which the API server is asked",
    )
    add_s3_options(verb)
    verb.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    """Serve until SIGTERM; 1 and the reason where it cannot begin."""
    from dandelion_training.commands.review.service.server import serve

    try:
        reviews, callers = _made(parsed)
    except TrainingFailure as failure:
        print(f"error: {failure.message}", file=sys.stderr)
        return 1
    serve(reviews, callers, parsed.host, parsed.port)
    return 0


def _made(parsed: argparse.Namespace) -> tuple[Reviews, Callers]:
    needed("--endpoint", parsed.endpoint, "DANDELION_S3_ENDPOINT")
    places = Places(
        location("--log", needed("--log", parsed.log, "DANDELION_LOG_URI")),
        location("--decisions", needed("--decisions", parsed.decisions, VARIABLE)),
        Path(parsed.credentials_dir),
    )
    caller = needed("--caller", parsed.caller, "DANDELION_REVIEW_CALLER")
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "")
    if not host:
        raise refused("KUBERNETES_SERVICE_HOST says no API server to ask who calls.")
    port = int(os.environ.get("KUBERNETES_SERVICE_PORT", "443"))
    api = ApiServer(host, port, Path(parsed.service_account_dir))
    return (
        Reviews(
            connected(parsed, CONNECTIONS),
            places,
            since(parsed.since),
            lambda: datetime.now(UTC),
            time.monotonic,
        ),
        Callers(caller, api.whose, time.monotonic),
    )
