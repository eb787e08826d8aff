"""Who wrote which field of an object, by what the API server notes in metadata.managedFields. Pure.

A field belongs to whoever set its value last; of several that agree on it, to all of them. What an
admission webhook changed belongs to the request that it changed, or to nobody.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Writer:
    """A field manager; `subresource` is "scale" or "status" where it wrote through one."""

    manager: str
    subresource: str = ""


def writers(raw: Mapping[str, Any], *path: str) -> tuple[Writer, ...]:
    """Those that own the field at `path`, the latest to have written anything first.

    A part of the path that names an item of a list is `KEY=VALUE`: `containers`, `name=main`.
    """
    found = []
    for entry in _newest_first(raw):
        if owns(entry.get("fieldsV1") or {}, path):
            found.append(Writer(entry.get("manager", ""), entry.get("subresource", "")))
    return tuple(found)


def owns(fields: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Whether a set of fields holds this one, by itself or with the whole that it is part of."""
    if not fields and path:
        return True  # a leaf above it: a list or map that is owned as one
    if not path:
        return True
    return any(owns(fields[key], path[1:]) for key in fields if _is(key, path[0]))


def _is(key: str, part: str) -> bool:
    if key == f"f:{part}":
        return True
    if not key.startswith("k:"):
        return False
    wanted = dict(pair.split("=", 1) for pair in part.split(",") if "=" in pair)
    return {name: str(value) for name, value in json.loads(key[2:]).items()} == wanted


def _newest_first(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    entries = raw["metadata"].get("managedFields") or []
    yield from sorted(entries, key=lambda entry: str(entry.get("time", "")), reverse=True)
