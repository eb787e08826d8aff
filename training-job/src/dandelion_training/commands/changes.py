"""`dataset diff`: what changed from one dataset version to another."""

from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_training.commands.columns import columns
from dandelion_training.data.version.difference import Change, Difference
from dandelion_training.data.version.manifest import DatasetVersion, Entry

EXAMPLES = 20

# What is told of each kind of change, under which name, and what its rows say.
NAMES = {
    "added": ("added", ("FILE", "CLASS", "SPLIT")),
    "removed": ("removed", ("FILE", "CLASS", "SPLIT")),
    "changed": ("changed", ("FILE", "CLASS")),
    "relabelled": ("relabelled", ("FILE", "CLASS BEFORE", "CLASS")),
    "renamed": ("renamed", ("FILE BEFORE", "FILE")),
    "movedSplit": ("moved to the other split", ("FILE", "SPLIT BEFORE", "SPLIT")),
}


def document(before: DatasetVersion, after: DatasetVersion, found: Difference) -> dict[str, Any]:
    """What is told, as JSON: counts, and at most 20 examples of each."""
    changes: Mapping[str, Sequence[dict[str, str]]] = {
        "added": [_entry(entry) for entry in found.added],
        "removed": [_entry(entry) for entry in found.removed],
        "changed": [_pair(change) for change in found.changed],
        "relabelled": [_pair(change) for change in found.relabelled],
        "renamed": [_pair(change) for change in found.renamed],
        "movedSplit": [_pair(change) for change in found.moved],
    }
    return {
        "from": _version(before),
        "to": _version(after),
        "classes": {"gained": list(found.gained), "lost": list(found.lost)},
        "changes": {
            name: {"count": len(rows), "examples": rows[:EXAMPLES]}
            for name, rows in changes.items()
        },
    }


def text(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    versions = [
        (name, found[key]["version"], found[key]["images"], found[key]["classes"])
        for name, key in (("from", "from"), ("to", "to"))
    ]
    counts = [(NAMES[name][0], change["count"]) for name, change in found["changes"].items()]
    lines = [
        *columns(("", "VERSION", "IMAGES", "CLASSES"), versions),
        "",
        *columns(("CHANGE", "IMAGES"), counts),
    ]
    for name, classes in found["classes"].items():
        if classes:
            more = len(classes) - EXAMPLES
            rest = f" and {more:,} more" if more > 0 else ""
            lines += ["", f"Classes {name}: {', '.join(classes[:EXAMPLES])}{rest}"]
    for name, change in found["changes"].items():
        if change["count"]:
            lines += ["", *_examples(name, change)]
    return lines


def _examples(name: str, change: dict[str, Any]) -> list[str]:
    title, names = NAMES[name]
    shown = len(change["examples"])
    of = f" ({shown} of {change['count']:,})" if shown < change["count"] else ""
    rows = [_row(name, example) for example in change["examples"]]
    return [f"{title[0].upper()}{title[1:]}{of}:", *(f"  {line}" for line in columns(names, rows))]


def _row(name: str, example: dict[str, str]) -> Sequence[str]:
    match name:
        case "added" | "removed":
            return example["key"], example["label"], example["split"]
        case "changed":
            return example["key"], example["label"]
        case "relabelled":
            return example["key"], example["labelBefore"], example["label"]
        case "renamed":
            return example["keyBefore"], example["key"]
        case _:
            return example["key"], example["splitBefore"], example["split"]


def _version(version: DatasetVersion) -> dict[str, Any]:
    return {
        "version": version.digest,
        "images": len(version.entries),
        "classes": len(version.classes),
    }


def _entry(entry: Entry) -> dict[str, str]:
    return {"key": entry.key, "label": entry.label, "split": entry.split.value}


def _pair(change: Change) -> dict[str, str]:
    before, after = change
    return _entry(after) | {
        "keyBefore": before.key,
        "labelBefore": before.label,
        "splitBefore": before.split.value,
    }
