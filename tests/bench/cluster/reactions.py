"""How soon the system does what it was told: a Job after an apply, a version after an alias."""

from __future__ import annotations

import time

from tests.bench.cluster.stage import stage
from tests.bench.figures import Figure, spread
from tests.e2e.load import SteadyLoad
from tests.e2e.world import COLOURS, World, colours, picture

APPLIES = 5
MOVES = 4
RATE = 20


def measure() -> list[Figure]:
    """Seconds from apply to Job, and from a moved alias to the last answer of the old version."""
    with stage() as world:
        uri = world.upload("colours", colours())
        created = [_seconds_to_job(world, f"apply-{n}", uri) for n in range(APPLIES)]
        world.train("alias", uri, serving={"replicas": 2})
        world.until_served("alias", "1")
        world.retrain("alias", "again")
        world.until_served("alias", "2")
        moves, requests, failures = _move_back_and_forth(world, "alias")
        return [
            Figure("apply to training Job created", spread(created), "s", "≤ 2"),
            Figure(
                f"alias moved to every replica on the new version, {RATE} requests/s",
                spread(moves),
                "s",
                "≤ 15",
            ),
            Figure(f"failed requests of {requests} meanwhile", failures, "", "0"),
        ]


def _seconds_to_job(world: World, name: str, uri: str) -> float:
    world.train(name, uri, training={"epochs": 1})
    applied = time.monotonic()
    world.until("the Job", lambda: world.owned("jobs", name), every=0.05)
    elapsed = time.monotonic() - applied
    world.kubectl("delete", "mdep", name)
    return elapsed


def _move_back_and_forth(world: World, name: str) -> tuple[list[float], int, int]:
    seconds: list[float] = []
    with SteadyLoad(world.url(name), picture(COLOURS["red"], 5), RATE) as load:
        for move in range(MOVES):
            to = "1" if move % 2 == 0 else "2"
            time.sleep(3)
            moved = time.monotonic()
            world.move_alias(name, to)
            world.until_served(name, to)
            time.sleep(6)
            old = [a.sent for a in load.answers if a.sent >= moved and a.version != to]
            seconds.append(max(old, default=moved) - moved)
    return seconds, len(load.answers), len(load.failures)
