"""The measurements of one number of resources, in the order in which they build on each other."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from dandelion_local.progress import say

from tests.bench.many.backing import Backing, backing
from tests.bench.many.processes import Running
from tests.bench.many.world import Resources, resources

ARRIVALS_A_SECOND, ARRIVALS = 20, 100
CALM_SECONDS, IDLE_SECONDS = 15.0, 60.0
PATIENCE_SECONDS = 900.0
RECONCILES = re.compile(r"^dandelion_reconcile_duration_seconds_count ([0-9.e+]+)$", re.MULTILINE)
DUE = re.compile(r"^dandelion_operator_queue_length ([0-9.e+]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """Seconds, percent of one processor, megabytes (10⁶ bytes), and requests."""

    resources: int
    load_before: float
    settled_after_first: float
    settled_after_last: float
    arrivals_median: float
    arrivals_p95: float
    restart_settled: float
    restart_writes: int
    idle_operator: float
    idle_mlflow: float
    idle_reads_a_second: float
    idle_writes_a_second: float
    resident: float
    alias_noticed: float

    def as_json(self) -> dict[str, float]:
        """The figures as they are written to the file."""
        return asdict(self)


def measure(count: int) -> Measured:
    """One world for `count` resources, from nothing to an alias that somebody moves."""
    with TemporaryDirectory(prefix="dandelion-bench-") as folder, backing(Path(folder)) as found:
        return asyncio.run(_measure(found, count))


async def _measure(stage: Backing, count: int) -> Measured:
    load = os.getloadavg()[0]
    at_once = [f"n{number:05d}" for number in range(count)]
    late = [f"late{number:03d}" for number in range(min(ARRIVALS, count))]
    say(f"{count} resources: registering their models")
    await asyncio.to_thread(stage.register, [f"default.{name}" for name in at_once])
    async with resources(stage.api) as world:
        with stage.operator() as (operator, metrics):
            await _until(operator, metrics, RECONCILES, lambda _: True)
            say(f"{count} resources: all at once")
            first = time.monotonic()
            await world.create_all(at_once)
            last = time.monotonic()
            await world.until_settled(at_once, PATIENCE_SECONDS)
            settled = max(world.settled[name] for name in at_once)
            say(f"{count} resources: {ARRIVALS_A_SECOND} a second")
            await _arrive(world, late)
            arrivals = sorted(world.seconds(late))
            await asyncio.sleep(CALM_SECONDS)
        say(f"{count} resources: a restart")
        before = await world.requests()
        restarted = time.monotonic()
        with stage.operator() as (operator, metrics):
            everybody = float(len(at_once) + len(late))
            await _until(operator, metrics, RECONCILES, lambda done: done >= everybody)
            await _until(operator, metrics, DUE, lambda due: due == 0)
            back = time.monotonic() - restarted
            await asyncio.sleep(CALM_SECONDS)
            writes = (await world.requests()).since(before).writes
            say(f"{count} resources: idle")
            idle = await _idle(stage, operator, world)
            resident = operator.resident_megabytes
            say(f"{count} resources: an alias")
            noticed = await _alias(stage, world, at_once[count // 2])
    return Measured(
        resources=count,
        load_before=load,
        settled_after_first=settled - first,
        settled_after_last=max(0.0, settled - last),
        arrivals_median=statistics.median(arrivals),
        arrivals_p95=arrivals[int(0.95 * (len(arrivals) - 1))],
        restart_settled=back,
        restart_writes=writes,
        idle_operator=idle[0],
        idle_mlflow=idle[1],
        idle_reads_a_second=idle[2],
        idle_writes_a_second=idle[3],
        resident=resident,
        alias_noticed=noticed,
    )


async def _arrive(world: Resources, names: list[str]) -> None:
    started = time.monotonic()
    for number, name in enumerate(names):
        await asyncio.sleep(max(0.0, started + number / ARRIVALS_A_SECOND - time.monotonic()))
        await world.create(name)
    await world.until_settled(names, PATIENCE_SECONDS)


async def _idle(
    stage: Backing, operator: Running, world: Resources
) -> tuple[float, float, float, float]:
    costs = operator.cpu_seconds, stage.mlflow.cpu_seconds
    asked, started = await world.requests(), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    seconds = time.monotonic() - started
    since = (await world.requests()).since(asked)
    return (
        100 * (operator.cpu_seconds - costs[0]) / seconds,
        100 * (stage.mlflow.cpu_seconds - costs[1]) / seconds,
        since.reads / seconds,
        since.writes / seconds,
    )


async def _alias(stage: Backing, world: Resources, name: str) -> float:
    """Seconds from MLflow's answer to a status that tells of it."""
    body = {"name": f"default.{name}", "alias": "champion", "version": "1"}
    async with httpx.AsyncClient(base_url=stage.mlflow_url, trust_env=False, timeout=60) as http:
        url = "/api/2.0/mlflow/registered-models/alias"
        (await http.post(url, json=body)).raise_for_status()
    moved = time.monotonic()
    await world.until(lambda: world.changed[name] >= moved, PATIENCE_SECONDS)
    return world.changed[name] - moved


async def _until(
    operator: Running,
    metrics: str,
    wanted: re.Pattern[str],
    holds: Callable[[float], bool],
) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            operator.check()
            found = wanted.search(await _text(lambda: http.get(metrics)))
            if found and holds(float(found.group(1))):
                return
            await asyncio.sleep(0.1)


async def _text(get: Callable[[], Awaitable[httpx.Response]]) -> str:
    try:
        return (await get()).text
    except httpx.HTTPError:
        return ""
