"""A resource's whole life, and what is left at the end of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.e2e.world import COLOURS, World, picture


@dataclass(frozen=True)
class End:
    """What is left at the end of a life, as far as it does not depend on the clock."""

    jobs: int
    versions: tuple[str, ...]
    aliases: dict[str, str]
    decisions: tuple[tuple[str, str], ...]
    conditions: dict[str, tuple[str, str]]
    answered: int


def live(world: World, name: str, uri: str) -> None:
    """Apply, train, judge, promote, roll out; retrain; roll back by hand."""
    world.train(name, uri)
    world.until_served(name, "1")
    world.retrain(name, "again")
    world.until("a second version", lambda: len(world.versions(name)) == 2)
    world.until_served(name, "2")
    world.move_alias(name, "1")
    world.until_served(name, "1")


def end(world: World, name: str) -> End:
    """Read once everything has settled."""
    status = world.status(name)
    return End(
        jobs=len(world.owned("jobs", name)),
        versions=tuple(str(version["version"]) for version in world.versions(name)),
        aliases=world.aliases(name),
        decisions=tuple(
            sorted((one["decision"], str(one.get("version"))) for one in status["history"])
        ),
        conditions={c["type"]: (c["status"], c["reason"]) for c in status["conditions"]},
        answered=world.predict(name, picture(COLOURS["blue"], 60)).status_code,
    )


def gone(world: World, name: str) -> bool:
    """Whether nothing of the resource is left on the cluster."""
    kinds = ("jobs", "deployments", "services", "secrets", "pods")
    left: list[Any] = [one for kind in kinds for one in world.owned(kind, name)]
    return not left and all(one["metadata"]["name"] != name for one in world.get("mdep"))
