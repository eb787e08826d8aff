"""A resource that is made in a small world of its own, to be held against one with a past.

Called by the tests of `thorough/every_field`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from small_world import World
from small_world.end_state import end_state

SECRETS = ("keys", "other-keys", "reader")
TURNS = 60

Spec = Mapping[str, Any]

_known: dict[str, dict[str, Any]] = {}


def prepared(folder: Path) -> World:
    """With the Secrets that a spec may name."""
    world = World(folder)
    for name in SECRETS:
        data = {"AWS_ACCESS_KEY_ID": "a2V5", "AWS_SECRET_ACCESS_KEY": "a2V5"}
        world.cluster.put("secrets", {"metadata": {"name": name}, "data": data})
    return world


async def reached(world: World, spec: Spec) -> dict[str, Any]:
    """Where it comes to rest with that spec."""
    world.apply(**spec)
    await world.settle(TURNS)
    return await end_state(world)


async def fresh(spec: Spec) -> dict[str, Any]:
    """Where a new one comes to rest."""
    said = json.dumps(spec, sort_keys=True)
    if said not in _known:
        with tempfile.TemporaryDirectory() as folder:
            _known[said] = await reached(prepared(Path(folder)), spec)
    return _known[said]


def differences(found: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """One line for each part that is not the same."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in sorted({*found, *wanted}):
            yield from differences(found.get(name), wanted.get(name), f"{path}/{name}")
    elif found != wanted:
        yield f"{path}: {found!r}, of a fresh one {wanted!r}"


async def assert_as_fresh(found: dict[str, Any], spec: Spec, when: str) -> None:
    lines = [f"{when}: {line}" for line in differences(found, await fresh(spec))]
    assert not lines, "\n".join(lines)
