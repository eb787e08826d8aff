"""A table of labels: CSV, TSV or JSON Lines, one image a row, as rows with their lines.

An image is named by its key in storage, or by its address in the web. Columns are found by name,
never by position, and other columns do not matter. A row that cannot be read refuses the table: a
label in the wrong column would be learnt.
"""

import codecs
import csv
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.layout.splits import ACCEPTED, split_named
from dandelion_training.data.wording import listed, quoted

MAXIMUM_BYTES = 256 * 1024**2  # some two million rows; it is held in memory
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")


class Columns(NamedTuple):
    """What the columns that matter are called: `image` is the role of the one that names the image,
    `names` are all names of each role, and `words` tell people.
    """

    image: str
    names: Mapping[str, Sequence[str]]
    words: str

    def role(self, field: str) -> str | None:
        plain = re.sub(r"[\s-]+", "_", field.strip().lower())
        return next((role for role, names in self.names.items() if plain in names), None)


_LABEL = ("label", "class", "class_name", "category")
_SPLIT = ("split", "subset", "set")
KEYS = Columns(
    "key",
    {
        "key": (
            "key",
            "file",
            "filename",
            "file_name",
            "path",
            "filepath",
            "file_path",
            "image",
            "image_name",
            "image_path",
        ),
        "label": _LABEL,
        "split": _SPLIT,
    },
    "The columns are key, label and, where you wish, split",
)
ADDRESSES = Columns(
    "url",
    {"url": ("url", "uri", "link", "image_url"), "label": _LABEL, "split": _SPLIT},
    "The columns are url and label",
)
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class Row(NamedTuple):
    """An image in the table; `line` counts from 1."""

    line: int
    key: str  # or the address
    label: str  # "" where the row has none
    split: Split | None


def is_table(uri: str) -> bool:
    """Whether a storageUri names a table of labels rather than a folder."""
    return uri.lower().endswith(TABLES)


def folder_of(uri: str) -> str:
    """The folder that a table of labels lies in, and names images relative to."""
    return uri.rpartition("/")[0]


def rows(name: str, content: bytes, columns: Columns = KEYS) -> Iterator[Row]:
    """The rows of the table `name`, whose ending says its form.

    Raises DatasetError, with the line, where it cannot be read; while it is being iterated, too.
    """
    if len(content) > MAXIMUM_BYTES:
        raise invalid(name, f"is larger than {MAXIMUM_BYTES // 1024**2} MiB. Split the dataset")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise invalid(name, "is encoded in UTF-16. Save it as UTF-8")
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    try:
        if name.lower().endswith((".csv", ".tsv")):
            yield from _csv(name, text, columns)
        else:
            yield from _json_lines(name, text, columns)
    except UnicodeDecodeError as error:
        line = _undecodable(content)
        raise invalid(name, "is not encoded in UTF-8. Save the table as UTF-8", line) from error


def invalid(name: str, fault: str, line: int | None = None) -> DatasetError:
    """`fault` goes on from the table's name, and ends with the way out."""
    where = name if line is None else f"Line {line:,} of {name}"
    return DatasetError(Refusal.LABELS_INVALID, f"{where} {fault}.")


def _csv(name: str, text: io.TextIOWrapper, columns: Columns) -> Iterator[Row]:
    first = text.readline()
    text.seek(0)
    delimiter = "\t" if name.lower().endswith(".tsv") else _delimiter(first, columns)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    line = 1
    header: Sequence[str] | None = None
    try:
        for record in reader:
            if header is None:
                header = record
                at = _columns(name, header, delimiter, columns)
            elif len(record) == len(header):
                if record[at[columns.image]] or any(field.strip() for field in record):
                    found = {role: record[i] for role, i in at.items()}
                    yield _row(name, line, found, columns)
            elif any(field.strip() for field in record):
                raise invalid(
                    name,
                    f"has {len(record)} fields, and the header has {len(header)}."
                    " Put a field that contains the delimiter in double quotes",
                    line,
                )
            line = reader.line_num + 1
    except csv.Error as error:
        raise invalid(name, f"is not valid CSV: {error}. Correct its quotes", line) from error
    if header is None:
        raise invalid(name, f"is empty. {columns.words}")


def _delimiter(header: str, columns: Columns) -> str:
    """The one under which the header names an image and a label; a comma where there is none."""
    for delimiter in _DELIMITERS:
        fields = next(csv.reader([header], delimiter=delimiter), [])
        roles = {columns.role(field) for field in fields}
        if {columns.image, "label"} <= roles:
            return delimiter
    return ","


def _columns(
    name: str, header: Sequence[str], delimiter: str, columns: Columns
) -> Mapping[str, int]:
    """The position of each column that matters."""
    found = _roles(name, header, 1, columns)
    if missing := [role for role in (columns.image, "label") if role not in found]:
        fields = listed([field for field in header if field.strip()], 10) or "nothing"
        raise invalid(
            name,
            f"has no column for the {' and the '.join(missing)}; with {_DELIMITERS[delimiter]} as"
            f" delimiters, its header is {fields}. {columns.words}",
            1,
        )
    return {role: header.index(field) for role, field in found.items()}


def _json_lines(name: str, text: io.TextIOWrapper, columns: Columns) -> Iterator[Row]:
    known: dict[tuple[str, ...], Mapping[str, str]] = {}
    line = 0
    for line, written in enumerate(text, 1):
        if not written.strip():
            continue
        try:
            record = json.loads(written)
        except (ValueError, RecursionError) as error:
            raise invalid(name, f"is not JSON: {error}. Write one object a line", line) from error
        if not isinstance(record, dict):
            raise invalid(name, "is no JSON object. Write one object a line", line)
        fields = tuple(record)
        if fields not in known:
            known[fields] = _roles(name, fields, line, columns)
        if columns.image not in known[fields]:
            raise invalid(name, f"names no image. {columns.words}", line)
        said = {role: record[field] for role, field in known[fields].items()}
        yield _row(name, line, said, columns)
    if not line:
        raise invalid(name, f"is empty. {columns.words}")


def _roles(name: str, fields: Sequence[str], line: int, columns: Columns) -> Mapping[str, str]:
    """The field for each role that one has."""
    found: dict[str, str] = {}
    for field in fields:
        role = columns.role(field)
        if role in found:
            raise invalid(
                name,
                f"has two columns for the {role}, {quoted(found[role])} and {quoted(field)}. Keep"
                " the one that is meant",
                line,
            )
        if role:
            found[role] = field
    return found


def _row(name: str, line: int, fields: Mapping[str, object], columns: Columns) -> Row:
    key, label = fields[columns.image], fields.get("label")
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    if not isinstance(key, str) or not key.strip():
        raise invalid(name, f"names no image. Write its {columns.image}, or remove the line", line)
    if label is not None and not isinstance(label, str):
        raise invalid(name, "has a label that is no text. Write the name of the class", line)
    # A label comes again in thousands of rows: one string for all of them.
    return Row(line, key, sys.intern((label or "").strip()), _split(name, line, fields))


def _split(name: str, line: int, fields: Mapping[str, object]) -> Split | None:
    written = fields.get("split")
    if written is None or (isinstance(written, str) and not written.strip()):
        return None
    found = split_named(written) if isinstance(written, str) else None
    if found is None:
        raise invalid(
            name, f"has the split {written!r:.60}. Write {ACCEPTED}, or leave it empty", line
        )
    return found


def _undecodable(content: bytes) -> int:
    """The first line that is not UTF-8."""
    lines = io.BytesIO(content)
    for number, line in enumerate(lines, 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return number
    return 1
