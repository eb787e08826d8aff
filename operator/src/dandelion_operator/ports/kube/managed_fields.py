"""Who wrote which field of an object, by what the API server notes in metadata.managedFields. Pure.

A field belongs to whoever set its value last; of several that agree on it, to all of them. What an
admission webhook changed belongs to the request that it changed, or to nobody. A path is a tuple of
names, with `[KEY=VALUE]` for an item of a list whose items have keys.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
Fields = Mapping[str, Any]  # a FieldsV1

# By which keys the API server tells the items of a list apart; every other list is one value.
MERGE_KEYS: Mapping[str, Sequence[Sequence[str]]] = {
    "containers": (("name",),),
    "initContainers": (("name",),),
    "env": (("name",),),
    "volumes": (("name",),),
    "imagePullSecrets": (("name",),),
    "volumeMounts": (("mountPath",),),
    "ports": (("containerPort", "protocol"), ("port", "protocol")),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
    "ownerReferences": (("uid",),),
}
METADATA = ("labels", "annotations", "ownerReferences")


@dataclass(frozen=True)
class Writer:
    """A field manager; `subresource` is "scale" or "status" where it wrote through one."""

    manager: str
    subresource: str = ""


def writers(raw: Mapping[str, Any], *path: str) -> tuple[Writer, ...]:
    """Those that own the field at `path`, the one that wrote last first."""
    return tuple(
        Writer(entry.get("manager", ""), entry.get("subresource", ""))
        for entry in _newest_first(raw)
        if owns(entry.get("fieldsV1") or {}, path)
    )


def latest_writer(raw: Mapping[str, Any], but: str) -> str:
    """Who wrote anything last, `but` apart and statuses left out; "" if nobody else has."""
    for entry in _newest_first(raw):
        if entry.get("manager") != but and entry.get("subresource") != "status":
            return str(entry.get("manager", ""))
    return ""


def last_written(raw: Mapping[str, Any], *path: str) -> str:
    """When the value at `path` was; where nobody notes it, when the object was created."""
    created: str = raw["metadata"]["creationTimestamp"]
    times = (
        str(entry.get("time", ""))
        for entry in _newest_first(raw)
        if owns(entry.get("fieldsV1") or {}, path)
    )
    return next(filter(None, times), created)


def owns(fields: Fields, path: Path) -> bool:
    """Whether a set of fields holds this one, by itself or with the whole that it is part of."""
    if not path or not fields:
        return True  # no fields below a name: a list, map or value that is owned as one
    return any(owns(below, path[1:]) for name, below in fields.items() if _is(name, path[0]))


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of an object that others can own by itself, with its path."""
    if isinstance(value, Mapping) and value:
        for name, below in value.items():
            yield from leaves(below, (*path, name))
    elif isinstance(value, list) and (keys := _keys(path, value)):
        for item in value:
            part = ",".join(f"{key}={item[key]}" for key in keys if key in item)
            yield from leaves(item, (*path, f"[{part}]"))
    else:
        yield path, value


def content(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What of an object somebody wants: no status, and nothing that the API server keeps itself."""
    kept = {name: raw["metadata"][name] for name in METADATA if name in raw["metadata"]}
    rest = {
        name: value
        for name, value in raw.items()
        if name not in ("apiVersion", "kind", "metadata", "status")
    }
    return {"metadata": kept, **rest}


def holds(value: Any, path: Path) -> bool:
    """Whether there is anything at this path."""
    if not path:
        return True
    name = path[0]
    if isinstance(value, Mapping):
        return name in value and holds(value[name], path[1:])
    if isinstance(value, list) and name.startswith("["):
        wanted = _pairs(name).items()
        return any(
            wanted <= {key: str(found) for key, found in item.items()}.items()
            and holds(item, path[1:])
            for item in value
        )
    return False


def in_words(path: Path) -> str:
    return ".".join(path).replace(".[", "[")


def _keys(path: Path, items: Sequence[Any]) -> Sequence[str]:
    for keys in MERGE_KEYS.get(path[-1] if path else "", ()):
        if items and all(isinstance(item, Mapping) and keys[0] in item for item in items):
            return keys
    return ()


def _is(name: str, part: str) -> bool:
    """A key may have more parts than the path says: defaults, such as a port's protocol."""
    if not part.startswith("["):
        return name == f"f:{part}"
    if not name.startswith("k:"):
        return False
    found = {key: str(value) for key, value in json.loads(name[2:]).items()}
    return _pairs(part).items() <= found.items()


def _pairs(part: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in part[1:-1].split(",") if "=" in pair)


def _newest_first(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    entries = raw["metadata"].get("managedFields") or []
    yield from sorted(entries, key=lambda entry: str(entry.get("time", "")), reverse=True)
