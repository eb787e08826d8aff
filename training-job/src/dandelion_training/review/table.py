"""The queue as CSV, and the table that comes back with its columns `label` and `decision` filled.

Spreadsheets may save it with semicolons or tabs.
"""

import csv
import io
from collections.abc import Iterable, Mapping

from dandelion_training.ports.storage import Location
from dandelion_training.review.annotations import Annotation, Returned, UnreadableError
from dandelion_training.review.prediction_log import AnswerKey
from dandelion_training.review.queue import Item, Source

KEYS = ("id", "index", "sha256", "source")
SHOWN = ("predicted", "probability", "margin", "unknown_score", "told", "version", "time")
ANSWERED = ("label", "decision")
REJECT, CONFIRM = "reject", "confirm"


def written(
    items: Iterable[Item], places: Mapping[str, str | Location], to_fill: bool = True
) -> str:
    """One line an image; `places` says by image where it lies."""
    columns = ("image", *KEYS, *SHOWN, *(ANSWERED if to_fill else ()))
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    table.writeheader()
    for item in items:
        answer = item.answer
        table.writerow(
            {
                "image": places[item.image],
                "id": answer.id,
                "index": answer.index,
                "sha256": item.image,
                "source": item.source.value,
                "predicted": answer.label,
                "probability": f"{answer.scores.get(answer.label, 0.0):.4f}",
                "margin": f"{answer.margin:.4f}",
                "unknown_score": "" if answer.unknown_score is None else answer.unknown_score,
                "told": item.told,
                "version": answer.version,
                "time": answer.time,
            }
        )
    return out.getvalue()


def rows(content: bytes) -> list[tuple[str, dict[str, str]]]:
    """Each line with where it stands; raises UnreadableError where it is no table of this kind."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is not UTF-8 at byte {error.start}: save it as UTF-8") from error
    head = text.partition("\n")[0].strip("\r")
    for delimiter in (",", ";", "\t"):
        if set(KEYS) <= set(next(csv.reader([head], delimiter=delimiter), [])):
            break
    else:
        raise UnreadableError(
            f"line 1: the columns {', '.join(KEYS)} are missing: give the table back with all of"
            " its columns"
        )
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    found = []
    for row in table:
        if None in row:
            raise UnreadableError(
                f"line {table.line_num}: it has more cells than there are columns"
            )
        found.append((f"line {table.line_num}", {name: cell.strip() for name, cell in row.items()}))
    return found


def row_key(where: str, row: Mapping[str, str]) -> tuple[AnswerKey, str, Source]:
    """Answer, image and source of a line; raises UnreadableError."""
    if not row["index"].isascii() or not row["index"].isdigit():
        raise UnreadableError(f"{where}: index is {row['index']!r} and no number: put it back")
    try:
        source = Source(row["source"])
    except ValueError:
        raise UnreadableError(
            f"{where}: source is {row['source']!r}: put {' or '.join(Source)} back"
        ) from None
    return AnswerKey(row["id"], int(row["index"])), row["sha256"], source


def read(content: bytes) -> Returned:
    """What the table says; raises UnreadableError."""
    annotations, undecided = [], 0
    for where, row in rows(content):
        label, decision = row.get("label", ""), row.get("decision", "").lower()
        if not label and not decision:
            undecided += 1
            continue
        key, image, source = row_key(where, row)
        annotations.append(
            Annotation(where, key, image, source, _label(where, label, decision, row))
        )
    return Returned(tuple(annotations), undecided)


def _label(where: str, label: str, decision: str, row: Mapping[str, str]) -> str | None:
    if decision not in ("", REJECT, CONFIRM):
        raise UnreadableError(
            f"{where}: decision is {decision!r}: write {REJECT} or {CONFIRM}, or leave it empty"
            " beside a label"
        )
    if decision and label:
        raise UnreadableError(f"{where}: it has a label and {decision}: keep one of the two")
    if decision == REJECT:
        return None
    return row.get("predicted", "") if decision == CONFIRM else label
