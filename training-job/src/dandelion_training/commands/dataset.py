"""`dataset show` and `dataset diff`: what a version holds, and what two of them differ in.

Where versions are kept and how to get there comes from the same environment as a run's, or from
options. Nothing is written.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dandelion_training.commands import changes, summary
from dandelion_training.commands.connection import (
    add_option,
    add_output_option,
    add_s3_options,
    connected,
    location,
    needed,
    refused,
)
from dandelion_training.data.version.difference import difference
from dandelion_training.data.version.library import Library
from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.ports.storage import ObjectStore

SHORTEST = 8  # digits of a digest that are enough to look for
DIGITS = 64
VERSIONS = "DANDELION_DATASET_MANIFESTS_URI"

Connect = Callable[[argparse.Namespace], ObjectStore]
Subparsers = Any  # argparse has no public name for what `add_subparsers` returns


def add_to(commands: Subparsers) -> None:
    """Make `dataset` one of the commands."""
    help_text = "look at the versions of a dataset"
    dataset = commands.add_parser("dataset", help=help_text, description=help_text)
    verbs = dataset.add_subparsers(required=True, metavar="VERB")
    show = verbs.add_parser("show", help="what a version holds")
    show.add_argument("version", metavar="DIGEST", help=f"or its first {SHORTEST} digits or more")
    diff = verbs.add_parser("diff", help="what changed from version A to version B")
    diff.add_argument("before", metavar="A")
    diff.add_argument("after", metavar="B")
    for verb, act in ((show, _show), (diff, _diff)):
        verb.set_defaults(call=call, act=act)
        _add_options(verb)


def call(parsed: argparse.Namespace, connect: Connect | None = None) -> int:
    """Print what was asked for; 1 and a sentence where that cannot be."""
    try:
        with tempfile.TemporaryDirectory() as work:
            lines = parsed.act(_library(parsed, connect or connected, Path(work)), parsed)
    except TrainingFailure as failure:
        print(f"error: {failure.message}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


def _show(library: Library, parsed: argparse.Namespace) -> list[str]:
    digest = _digest(library, parsed.version)
    version, report = library.version(digest), library.report(digest)
    found = summary.document(version, report)
    return _json(found) if parsed.output == "json" else summary.text(found, report)


def _diff(library: Library, parsed: argparse.Namespace) -> list[str]:
    before, after = (
        library.version(_digest(library, wanted)) for wanted in (parsed.before, parsed.after)
    )
    found = changes.document(before, after, difference(before, after))
    return _json(found) if parsed.output == "json" else changes.text(found)


def _json(found: dict[str, Any]) -> list[str]:
    return [json.dumps(found, indent=2, ensure_ascii=False)]


def _digest(library: Library, wanted: str) -> str:
    """The whole digest that is meant."""
    digits = wanted.removeprefix("sha256:")
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST},{DIGITS}}}", digits):
        raise refused(
            f"{wanted!r} is no digest of a dataset version: write sha256: and {DIGITS}"
            f" hexadecimal digits as in status.dataset.version, or the first {SHORTEST} or more."
        )
    if len(digits) == DIGITS:
        return f"sha256:{digits}"
    found = library.beginning_with(digits)
    if not found:
        raise refused(f"No dataset version begins with {digits}.")
    if len(found) > 1:
        raise refused(
            f"{len(found)} dataset versions begin with {digits}: {', '.join(found[:3])}."
            " Write more digits."
        )
    return found[0]


def _library(parsed: argparse.Namespace, connect: Connect, work: Path) -> Library:
    root = needed("--versions", parsed.versions, VERSIONS)
    needed("--endpoint", parsed.endpoint, "DANDELION_S3_ENDPOINT")
    return Library(connect(parsed), location("--versions", root), work)


def _add_options(verb: argparse.ArgumentParser) -> None:
    meaning = "where versions are kept: s3://BUCKET/NAMESPACE/NAME/datasets"
    add_option(verb, "--versions", "URI", VERSIONS, meaning)
    add_s3_options(verb)
    add_output_option(verb)
