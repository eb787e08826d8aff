"""`review export` and `review import`: hand out images for people to say what they show, and keep
what they decided. `review accuracy`: how often the answers were right by that.

The key of training reads the prediction log and writes the decisions; it signs them too.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dandelion_training.commands.connection import connected, refused
from dandelion_training.commands.review import accuracy, label_studio, service
from dandelion_training.commands.review.desk import Connect, Desk, add_options, open_desk
from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.ports.label_studio.connection import LabelStudioError
from dandelion_training.review import decisions, folder, table
from dandelion_training.review.accuracy import kept
from dandelion_training.review.annotations import Returned, UnreadableError, decide
from dandelion_training.review.decisions import Decided
from dandelion_training.review.label_studio import tasks
from dandelion_training.review.prediction_log import among
from dandelion_training.review.queue import Item, Source, queue, selected

CSV, JSON, INTERFACE = ".csv", ".json", ".xml"
PROBLEMS_TOLD = 20
FORMS = f"a folder of images, a table (*{CSV}), or tasks of Label Studio (*{JSON})"
URL = "or the address of Label Studio or of one of its projects"

Subparsers = Any  # argparse has no public name for what `add_subparsers` returns


def add_to(commands: Subparsers) -> None:
    """Make `review` one of the commands."""
    help_text = "have people say what images show that a model answered"
    review = commands.add_parser("review", help=help_text, description=help_text)
    verbs = review.add_subparsers(required=True, metavar="VERB")
    export = verbs.add_parser("export", help="hand out images that nobody decided about")
    export.add_argument("target", metavar="PATH|URL", help=f"to be made: {FORMS}; {URL}")
    export.add_argument("--limit", type=_positive, default=200, help="images at most (200)")
    back = verbs.add_parser("import", help="keep what people decided")
    back.add_argument("target", metavar="PATH|URL", help=f"what was exported, or an export; {URL}")
    back.add_argument("--by", metavar="NAME", required=True, help="who decided")
    back.add_argument(
        "--new-label", metavar="LABEL", action="append", default=[], help="that is no class yet"
    )
    rates = verbs.add_parser("accuracy", help="how often answers of the random share were right")
    rates.set_defaults(target="review accuracy")
    service.add_to(verbs)
    for verb, act in ((export, _export), (back, _import), (rates, _accuracy)):
        verb.set_defaults(call=call, act=act)
        add_options(verb)
    for verb in (export, back):
        label_studio.add_token_option(verb)


def call(
    parsed: argparse.Namespace,
    connect: Connect = connected,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Print what was done; 1 and the reasons where nothing was."""
    try:
        lines = parsed.act(open_desk(parsed, connect, now()), parsed)
    except TrainingFailure as failure:
        print(f"error: {failure.message}", file=sys.stderr)
        return 1
    except LabelStudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (UnreadableError, OSError) as error:
        print(f"error: {parsed.target}: {error}.", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


def _export(desk: Desk, parsed: argparse.Namespace) -> list[str]:
    if not label_studio.is_address(parsed.target):
        _require_room(Path(parsed.target))
    decided = decisions.read(desk.store, desk.place, desk.signer)
    told = desk.log.feedback()
    answers = desk.log.answers(
        lambda answer: answer.sampled or answer.drifted or answer.key in told
    )
    waiting = queue(answers, told, decided.by_image)
    items = selected(waiting, parsed.limit, lambda image: desk.log.kept(image) is not None)
    target, notes = _handed_out(desk, parsed, items) if items else ("", [])
    of = Counter(item.source for item in items)
    return [
        f"{_counted(len(items), 'image')} in {target}: {of[Source.SAMPLE]} of the random share,"
        f" {of[Source.CORRECTION]} that somebody corrected, {of[Source.DRIFT]} of drift."
        if items
        else "There is nothing to review.",
        *notes,
        *_note("Left for the next time, or not kept in the log", len(waiting) - len(items)),
        *_faults(desk, decided),
    ]


def _require_room(target: Path) -> None:
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise refused(f"{target} is there already: name another, so that no work is lost.")


def _handed_out(desk: Desk, parsed: argparse.Namespace, items: list[Item]) -> tuple[str, list[str]]:
    """Where the images are then, and what is to be said of that."""
    places = {item.image: desk.log.image(item.image) for item in items}

    def content(image: str) -> bytes:
        data = desk.log.kept(image)
        if data is None:
            raise refused(
                f"{places[image]} is gone since: remove what there is of {parsed.target}, and try"
                " again."
            )
        return data

    if label_studio.is_address(parsed.target):
        sent = label_studio.sent(desk, parsed, items, content)
        return sent.place, [
            *_note("Tasks there before", sent.known),
            *_note("Of a form that Label Studio does not show", sent.not_shown),
        ]
    target = Path(parsed.target)
    if target.suffix == CSV:
        target.write_text(table.written(items, places), encoding="utf-8")
    elif target.suffix == JSON:
        interface = tasks.configuration(tasks.choices(items))
        target.with_suffix(INTERFACE).write_text(interface, encoding="utf-8")
        target.write_text(tasks.tasks(items, places), encoding="utf-8")
    else:
        folder.write(target, items, content)
    return str(target), []


def _import(desk: Desk, parsed: argparse.Namespace) -> list[str]:
    returned, others = _returned(desk, parsed)
    keys = {annotation.key for annotation in returned.annotations}
    answers = {answer.key: answer for answer in desk.log.answers(among(keys))}
    decided = decisions.read(desk.store, desk.place, desk.signer)
    time = desk.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    outcome = decide(
        returned.annotations, answers, parsed.new_label, decided.by_image, parsed.by, time
    )
    if outcome.problems:
        told = outcome.problems[:PROBLEMS_TOLD]
        rest = len(outcome.problems) - len(told)
        more = [f"… and {rest} more"] if rest else []
        raise refused("Nothing was kept:\n  " + "\n  ".join([*told, *more]))
    decided.by_image |= {decision.image: decision for decision in outcome.decisions}
    lines = ["Nothing new was decided."]
    if outcome.decisions:
        place = decisions.keep(desk.store, desk.place, desk.signer, outcome.decisions)
        rejected = sum(decision.reject for decision in outcome.decisions)
        relabelled = len(outcome.decisions) - rejected - outcome.confirmed
        lines = [
            f"{_counted(len(outcome.decisions), 'decision')} in {place}: {outcome.confirmed} as"
            f" answered, {relabelled} with another label, {rejected} rejected."
        ]
    kept.keep(desk.store, desk.live, decided.by_image.values(), desk.now)
    return [
        *lines,
        *_note("Decided so before", outcome.known),
        *_note("Older than what was decided since", outcome.outdated),
        *_note("Left undecided", returned.undecided),
        *_note("Tasks that are none of a review", others),
        *_faults(desk, decided),
    ]


def _accuracy(desk: Desk, _: argparse.Namespace) -> list[str]:
    decided = decisions.read(desk.store, desk.place, desk.signer)
    found = kept.keep(desk.store, desk.live, decided.by_image.values(), desk.now)
    waiting = queue(desk.log.answers(lambda answer: answer.sampled), {}, decided.by_image)
    counts = Counter(item.answer.contract for item in waiting)
    return [*accuracy.printed(found, counts), *_faults(desk, decided)]


def _returned(desk: Desk, parsed: argparse.Namespace) -> tuple[Returned, int]:
    """What was given back, and how much there is beside it that is not ours."""
    if label_studio.is_address(parsed.target):
        return label_studio.returned(desk, parsed)
    return _read(Path(parsed.target)), 0


def _read(target: Path) -> Returned:
    if target.is_dir():
        return folder.read(target)
    if not target.exists():
        raise refused(f"There is no {target}.")
    if target.suffix.lower() not in (CSV, JSON):
        raise refused(f"{target} is none of what can be read: {FORMS}.")
    content = target.read_bytes()
    return tasks.read(content) if target.suffix.lower() == JSON else table.read(content)


def _faults(desk: Desk, decided: Decided) -> list[str]:
    return [
        *_note("Objects or rows of the log that cannot be read", desk.log.unreadable),
        *_note("Decisions that do not count, as this key did not sign them", decided.refused),
    ]


def _note(what: str, number: int) -> list[str]:
    return [f"{what}: {number:,}."] if number else []


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
