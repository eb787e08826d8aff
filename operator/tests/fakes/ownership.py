"""Field management as the API server does it: who owns which field, by apply and by update."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Path = tuple[str, ...]
Owner = tuple[str, str, str]  # manager, operation, subresource

KEYS: dict[str, list[tuple[str, ...]]] = {
    "containers": [("name",)],
    "env": [("name",)],
    "volumes": [("name",)],
    "volumeMounts": [("mountPath",)],
    "ports": [("containerPort", "protocol"), ("port", "protocol")],
    "topologySpreadConstraints": [("topologyKey", "whenUnsatisfiable")],
    "ownerReferences": [("uid",)],
}
ATOMIC = ("selector", "labelSelector")
METADATA = ("labels", "annotations", "ownerReferences")


def applied(live: dict[str, Any], body: dict[str, Any], manager: str, now: str) -> None:
    """Server-side apply with force."""
    owners, mine = _owners(live), (manager, "Apply", "")
    wanted, before = _values(body), _values(live)
    for path in owners.get(mine, set()) - wanted.keys():
        others = (held for owner, held in owners.items() if owner != mine)
        if not any(path in held for held in others):
            _remove(live, path)
    changed = {path for path, value in wanted.items() if before.get(path, owners) != value}
    for owner in owners:
        if owner != mine:
            owners[owner] -= changed
    _merge(live, body)
    same = not changed and owners.get(mine) == set(wanted)
    owners[mine] = set(wanted)
    _note(live, owners, None if same else mine, now)


def updated(before: dict[str, Any], after: dict[str, Any], owner: Owner, now: str) -> None:
    """Any other write: what it changes is its own, and what it removes is nobody's."""
    old, new = _values(before), _values(after)
    changed = {path for path, value in new.items() if old.get(path, owner) != value}
    owners = _owners(before)
    for held in owners.values():
        held -= changed | (old.keys() - new.keys())
    if changed:
        owners.setdefault(owner, set()).update(changed)
    _note(after, owners, owner if changed else None, now)


def _values(raw: dict[str, Any]) -> dict[Path, Any]:
    found = dict(_leaves({name: raw[name] for name in raw if name not in SKIPPED}))
    for name in METADATA:
        if name in raw["metadata"]:
            found |= dict(_leaves(raw["metadata"][name], ("f:metadata", f"f:{name}")))
    return found


SKIPPED = ("apiVersion", "kind", "metadata", "status")


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    name = path[-1].removeprefix("f:") if path else ""
    if isinstance(value, dict) and value and name not in ATOMIC:
        for key, below in value.items():
            yield from _leaves(below, (*path, f"f:{key}"))
    elif isinstance(value, list) and _keys(name, value):
        for item in value:
            yield from _leaves(item, (*path, _key(name, item)))
    else:
        yield path, value


def _keys(name: str, items: list[Any]) -> tuple[str, ...]:
    for keys in KEYS.get(name, []):
        if items and all(keys[0] in item for item in items):
            return keys
    return ()


def _key(name: str, item: dict[str, Any]) -> str:
    found = {key: item.get(key, "TCP") for key in _keys(name, [item])}
    return f"k:{json.dumps(found, separators=(',', ':'))}"


def _remove(value: Any, path: Path) -> None:
    head, rest = path[0], path[1:]
    if isinstance(value, list):
        items = [item for item in value if _matches(head, item)]
        if not rest or rest in [(f"f:{name}",) for name in json.loads(head[2:])]:
            for item in items:
                value.remove(item)
        else:
            for item in items:
                _remove(item, rest)
    elif isinstance(value, dict) and head.removeprefix("f:") in value:
        name = head.removeprefix("f:")
        if rest:
            _remove(value[name], rest)
            if value[name] in ({}, []):
                del value[name]
        else:
            del value[name]


def _matches(key: str, item: dict[str, Any]) -> bool:
    return all(item.get(name, "TCP") == value for name, value in json.loads(key[2:]).items())


def _merge(into: dict[str, Any], body: dict[str, Any], name: str = "") -> None:
    for key, value in body.items():
        there = into.get(key)
        if isinstance(value, dict) and isinstance(there, dict) and key not in ATOMIC:
            _merge(there, value, key)
        elif isinstance(value, list) and isinstance(there, list) and _keys(key, value):
            for item in value:
                same = next((old for old in there if _matches(_key(key, item), old)), None)
                if same is None:
                    there.append(item)
                else:
                    _merge(same, item)
        else:
            into[key] = value


def _owners(raw: dict[str, Any]) -> dict[Owner, set[Path]]:
    return {
        (entry["manager"], entry["operation"], entry.get("subresource", "")): set(
            _flat(entry["fieldsV1"])
        )
        for entry in raw["metadata"].get("managedFields", [])
    }


def _flat(fields: dict[str, Any], path: Path = ()) -> Iterator[Path]:
    if not fields:
        yield path
    for name, below in fields.items():
        yield from _flat(below, (*path, name))


def _note(
    raw: dict[str, Any], owners: dict[Owner, set[Path]], writing: Owner | None, now: str
) -> None:
    times = {
        (entry["manager"], entry["operation"], entry.get("subresource", "")): entry["time"]
        for entry in raw["metadata"].get("managedFields", [])
    }
    entries = []
    for owner, held in owners.items():
        if not held:
            continue
        fields: dict[str, Any] = {}
        for path in sorted(held):
            place = fields
            for name in path:
                place = place.setdefault(name, {})
        manager, operation, subresource = owner
        entry = {
            "manager": manager,
            "operation": operation,
            "time": now if owner == writing else times.get(owner, now),
            "fieldsV1": fields,
        }
        entries.append(entry | ({"subresource": subresource} if subresource else {}))
    raw["metadata"]["managedFields"] = entries
