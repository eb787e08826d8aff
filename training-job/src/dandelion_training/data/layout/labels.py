"""Labels from a table: which objects its rows name, and what the rows of one image say together."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout import splits
from dandelion_training.data.layout.assignments import (
    MINIMUM_CLASSES,
    Assignment,
    Layout,
)
from dandelion_training.data.layout.class_names import class_names
from dandelion_training.data.layout.ignored import Sieve
from dandelion_training.data.layout.table import Row, folder_of, invalid, rows
from dandelion_training.data.wording import listed, number, quoted


class _Table(NamedTuple):
    """What the rows say, one by image."""

    rows: Mapping[str, Row]
    unlabelled: int  # rows without a label
    repeated: int  # rows that say again what another says


def from_labels(
    uri: str, content: bytes, names: Iterable[str], elsewhere: Collection[str] = ()
) -> Layout:
    """The layout that the table at `uri` gives to the objects in its folder.

    `names` are their keys relative to that folder, in any order. The table may name them in the
    same way, or by s3:// URIs. Images that do not lie there have the classes `elsewhere`. Raises
    DatasetError where it cannot be read, contradicts itself, or names none of them.
    """
    folder, name = folder_of(uri), uri.rpartition("/")[2]
    table = _table(name, f"{folder}/", content)
    objects = sorted(names)
    found = _found(table.rows, objects)
    missing = table.rows.keys() - set(found.values())
    if not found:
        raise _names_nothing(name, folder, table, objects)
    called = class_names(table.rows[key].label for key in found.values())
    if len(called.classes) < MINIMUM_CLASSES and not elsewhere:
        raise DatasetError(
            Refusal.TOO_FEW_CLASSES,
            f"{name} has only the class {quoted(called.classes[0])}; a classifier needs at least"
            f" {MINIMUM_CLASSES} classes. Add images of another class.",
        )
    used = (table.rows[key] for key in found.values())
    follows = splits.given({(called.of[row.label], row.split) for row in used})
    if follows.unlearnable:
        raise invalid(
            name,
            f"holds out all images of {listed(follows.unlearnable, 10)}. Give some of them the"
            " split train, or leave it empty",
        )
    assignments: list[Assignment] = []
    sieve, unlabelled = Sieve(), 0
    for key in objects:
        if key in found:
            row = table.rows[found[key]]
            label = called.of[row.label]
            split = None if label in follows.unmeasured else row.split
            assignments.append(Assignment(key, label, split))
        elif not key.endswith("/") and sieve.kind(key) is None:
            unlabelled += 1
    return Layout(
        reading=f"{name} names the class of each image.",
        classes=called.classes,
        assignments=tuple(assignments),
        ignored=sieve.ignored(unlabelled),
        warnings=(
            *called.warnings,
            *follows.warnings("the splits val, test and holdout"),
            *_remarks(name, folder, table, missing),
        ),
    )


def _table(name: str, root: str, content: bytes) -> _Table:
    kept: dict[str, Row] = {}
    contradictions: dict[str, Row] = {}
    unlabelled = repeated = 0
    for row in rows(name, content):
        key = _key(name, root, row)
        before = kept.setdefault(key, row)
        if not row.label:
            unlabelled += 1
        if before is row:
            continue
        if (_nfc(before.label), before.split) == (_nfc(row.label), row.split):
            repeated += 1
        else:
            contradictions.setdefault(key, row)
    if contradictions:
        raise _contradicting(name, kept, contradictions)
    labelled = {key: row for key, row in kept.items() if row.label}
    return _Table(labelled, unlabelled, repeated)


def _key(name: str, root: str, row: Row) -> str:
    """The key relative to the table's folder; characters of it are never interpreted."""
    if row.key.startswith(root):
        return row.key.removeprefix(root)
    scheme, colon, _ = row.key.partition("://")
    if colon and scheme.isalnum():
        raise invalid(
            name,
            f"names {quoted(row.key[:200])}, which does not lie below {root}. Put the table into a"
            " folder above all images, and name them relative to it",
            row.line,
        )
    return row.key.removeprefix("./")


def _found(table: Mapping[str, Row], objects: list[str]) -> Mapping[str, str]:
    """The table's key by object.

    A name that macOS uploaded may be in another form of Unicode than the table that somebody wrote;
    it is found all the same where only one object can be meant.
    """
    found = {key: key for key in objects if key in table}
    others = {_nfc(key): key for key in table.keys() - found.keys() if not key.isascii()}
    if others:
        alike: dict[str, list[str]] = {}
        for key in objects:
            if key not in found and not key.isascii() and _nfc(key) in others:
                alike.setdefault(_nfc(key), []).append(key)
        found |= {keys[0]: others[nfc] for nfc, keys in alike.items() if len(keys) == 1}
    return found


def _nfc(key: str) -> str:
    return unicodedata.normalize("NFC", key)


def _contradicting(
    name: str, kept: Mapping[str, Row], contradictions: Mapping[str, Row]
) -> DatasetError:
    key, second = next(iter(contradictions.items()))
    first = kept[key]
    what = "label" if first.label != second.label else "split"
    said = [quoted(row.label) if what == "label" else str(row.split) for row in (first, second)]
    others = len(contradictions) - 1
    likewise = f" (and {number(others, 'other image')} likewise)" if others else ""
    return invalid(
        name,
        f"contradicts itself: {quoted(key)} has the {what} {said[0]} in line {first.line:,} and"
        f" {said[1]} in line {second.line:,}"
        f"{likewise}. Keep one line an image",
    )


def _names_nothing(name: str, folder: str, table: _Table, objects: list[str]) -> DatasetError:
    if not table.rows:
        return invalid(name, "labels no image. Write a line with key and label for each")
    row = next(iter(table.rows.values()))
    sieve = Sieve()
    example = next((key for key in objects if not key.endswith("/") and not sieve.kind(key)), None)
    if example is None:
        return DatasetError(
            Refusal.DATASET_EMPTY,
            f"No image lies in the folder of {name}, {folder}/. Upload the images that it names.",
        )
    return invalid(
        name,
        f"names no object below {folder}/: line {row.line:,} names {quoted(row.key)}, and there is,"
        f" for example, {quoted(example)}. Write keys relative to the table's folder, with /"
        " between folders",
    )


def _remarks(name: str, folder: str, table: _Table, missing: set[str]) -> list[str]:
    said = []
    if missing:
        said.append(
            f"{number(len(missing), 'image')} that {name} names"
            f" {'does' if len(missing) == 1 else 'do'} not lie below {folder}/: {listed(missing)}."
        )
    if table.unlabelled:
        said.append(
            f"{number(table.unlabelled, 'line')} of {name} without a label"
            f" {'was' if table.unlabelled == 1 else 'were'} left out."
        )
    if table.repeated:
        said.append(
            f"{number(table.repeated, 'line')} of {name}"
            f" {'repeats' if table.repeated == 1 else 'repeat'} another."
        )
    return said
