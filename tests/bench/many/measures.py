"""The measurements of one number of resources, in the order in which they build on each other."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from dandelion_local.progress import say

from tests.bench.many.backing import Backing, backing
from tests.bench.many.backing.processes import Running
from tests.bench.many.models import served, trained, unread
from tests.bench.many.scenarios import NAMESPACE, Scenario
from tests.bench.many.world import Resources, resources

ARRIVALS_A_SECOND, ARRIVALS, JUDGED = 20, 100, 5
# Where each takes a Deployment, its pod and all that is told of them, a machine of two processors
# carries fewer: at this rate what is measured is how long one takes, not how many wait.
SERVING_A_SECOND, SERVING_ARRIVALS = 2, 40
CALM_SECONDS, IDLE_SECONDS = 15.0, 60.0
PATIENCE_SECONDS = 3600.0
OPERATOR = "operator"
# So many times as long as an answer about its metrics took, the operator is left to its work.
ASKING_SHARE = 4
RECONCILES = re.compile(r"^dandelion_reconcile_duration_seconds_count ([0-9.e+]+)$", re.MULTILINE)
DUE = re.compile(r"^dandelion_operator_queue_length ([0-9.e+]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Share:
    """What one part of the machine's work took: seconds of a processor until all were settled, and
    until all were looked after again; percent of a processor at rest, and megabytes at rest.
    """

    settling: float
    restarting: float
    idle: float
    resident: float


@dataclass(frozen=True)
class Measured:
    """Seconds, percent of one processor, megabytes (10⁶ bytes), and requests."""

    resources: int
    load_before: float
    settled_after_first: float
    settled_after_last: float
    arrivals_median: float
    arrivals_p95: float
    calm_median: float | None
    calm_p95: float | None
    restart_settled: float
    restart_writes: int
    idle_operator: float
    idle_mlflow: float
    idle_reads_a_second: float
    idle_writes_a_second: float
    resident: float
    alias_noticed: float
    alias_served: float | None
    promoted: float | None
    promoted_mlflow: float | None
    shares: dict[str, Share]

    def as_json(self) -> dict[str, Any]:
        """The figures as they are written to the file."""
        return asdict(self)


def measure(scenario: Scenario, count: int) -> Measured:
    """One world for `count` resources, from nothing to an alias that somebody moves."""
    with (
        TemporaryDirectory(prefix="dandelion-bench-") as folder,
        backing(Path(folder), scenario, count) as found,
    ):
        return asyncio.run(_measure(found, scenario, count))


async def _measure(stage: Backing, scenario: Scenario, count: int) -> Measured:
    load = os.getloadavg()[0]
    at_once = [f"n{number:05d}" for number in range(count)]
    late = [f"late{number:03d}" for number in range(min(ARRIVALS, count))]
    calm = [f"calm{number:03d}" for number in range(SERVING_ARRIVALS if scenario.cluster else 0)]
    judged = [f"judged{number}" for number in range(JUDGED if scenario.cluster else 0)]
    moved = at_once[count // 2]

    def tell(what: str) -> None:
        say(f"{count} resources, {scenario.name}: {what}")

    tell("registering their models")
    await asyncio.to_thread(
        stage.provide,
        [*served(scenario, [*at_once, *late, *calm], moved), *trained(scenario, judged)]
        if scenario.cluster
        else unread(scenario, at_once),
    )
    async with resources(stage.api, scenario) as world:
        with stage.operator() as (operator, metrics):
            await _until(operator, metrics, RECONCILES, lambda _: True)
            tell("all at once")
            spent, first = _spent(stage, operator), time.monotonic()
            await world.create_all(at_once)
            last = time.monotonic()
            await world.until_settled(at_once, PATIENCE_SECONDS)
            settling = _since(spent, _spent(stage, operator))
            settled = max(world.settled[name] for name in at_once)
            tell(f"{ARRIVALS_A_SECOND} a second")
            arrivals = await _arrive(world, late, ARRIVALS_A_SECOND)
            if scenario.cluster:
                tell(f"{SERVING_A_SECOND} a second")
            calmly = await _arrive(world, calm, SERVING_A_SECOND)
            promoted = await _promote(stage, world, judged) if judged else (None, None)
            await asyncio.sleep(CALM_SECONDS)
        tell("a restart")
        before, spent = await world.requests(), _spent(stage)
        restarted = time.monotonic()
        with stage.operator() as (operator, metrics):
            everybody = float(len(world.created))
            await _until(operator, metrics, RECONCILES, lambda done: done >= everybody)
            await _until(operator, metrics, DUE, lambda due: due == 0)
            back = time.monotonic() - restarted
            restarting = _since(spent, _spent(stage, operator))
            await asyncio.sleep(CALM_SECONDS)
            writes = (await world.requests()).since(before).writes
            tell("idle")
            idle = await _idle(stage, operator, world)
            resident = _resident(stage, operator)
            tell("an alias")
            noticed, serves = await _alias(stage, world, moved)
    return Measured(
        resources=count,
        load_before=load,
        settled_after_first=settled - first,
        settled_after_last=max(0.0, settled - last),
        arrivals_median=statistics.median(arrivals),
        arrivals_p95=_p95(arrivals),
        calm_median=statistics.median(calmly) if calmly else None,
        calm_p95=_p95(calmly) if calmly else None,
        restart_settled=back,
        restart_writes=writes,
        idle_operator=idle.percent[OPERATOR],
        idle_mlflow=idle.percent["MLflow"],
        idle_reads_a_second=idle.reads,
        idle_writes_a_second=idle.writes,
        resident=resident[OPERATOR],
        alias_noticed=noticed,
        alias_served=serves,
        promoted=promoted[0],
        promoted_mlflow=promoted[1],
        shares={
            name: Share(
                settling[name], restarting[name], idle.percent[name], resident.get(name, 0.0)
            )
            for name in settling
        },
    )


@dataclass(frozen=True)
class Idle:
    """Percent of a processor by part, and requests of the API server a second."""

    percent: dict[str, float]
    reads: float
    writes: float


async def _idle(stage: Backing, operator: Running, world: Resources) -> Idle:
    spent, asked, started = _spent(stage, operator), await world.requests(), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    seconds = time.monotonic() - started
    since = (await world.requests()).since(asked)
    costs = _since(spent, _spent(stage, operator))
    return Idle(
        {name: 100 * cost / seconds for name, cost in costs.items()},
        since.reads / seconds,
        since.writes / seconds,
    )


def _parts(stage: Backing, operator: Running | None) -> dict[str, list[Running]]:
    return {OPERATOR: [operator] if operator else [], **stage.parts}


def _spent(stage: Backing, operator: Running | None = None) -> dict[str, float]:
    """Seconds of a processor since each part was started."""
    parts = _parts(stage, operator).items()
    spent = {name: sum(item.cpu_seconds for item in running) for name, running in parts}
    return spent | {"the measurement itself": time.process_time()}


def _since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    return {name: spent - before[name] for name, spent in now.items()}


def _resident(stage: Backing, operator: Running) -> dict[str, float]:
    parts = _parts(stage, operator).items()
    return {name: sum(item.resident_megabytes for item in running) for name, running in parts}


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.95 * (len(seconds) - 1))]


async def _arrive(world: Resources, names: list[str], a_second: float) -> list[float]:
    """How long each took, in seconds."""
    started = time.monotonic()
    for number, name in enumerate(names):
        await asyncio.sleep(max(0.0, started + number / a_second - time.monotonic()))
        await world.create(name)
    await world.until_settled(names, PATIENCE_SECONDS)
    return world.seconds(names)


async def _promote(
    stage: Backing, world: Resources, names: list[str]
) -> tuple[float | None, float | None]:
    """One at a time: the median of the seconds until what the gate let through serves, and seconds
    of MLflow's processor each.
    """
    (mlflow,) = stage.parts["MLflow"]
    spent = mlflow.cpu_seconds
    for name in names:
        await world.create(name)
        await world.until_settled([name], PATIENCE_SECONDS)
    cost = (mlflow.cpu_seconds - spent) / len(names)
    return statistics.median(world.seconds(names)), cost


async def _alias(stage: Backing, world: Resources, name: str) -> tuple[float, float | None]:
    """Seconds from MLflow's answer to a status that tells of it, and until that version alone
    serves, which only what serves can tell.
    """
    body = {"name": f"{NAMESPACE}.{name}", "alias": "champion", "version": "1"}
    async with httpx.AsyncClient(base_url=stage.mlflow_url, trust_env=False, timeout=60) as http:
        url = "/api/2.0/mlflow/registered-models/alias"
        (await http.post(url, json=body)).raise_for_status()
    moved = time.monotonic()
    await world.until(lambda: world.changed[name] >= moved, PATIENCE_SECONDS)
    noticed = world.changed[name] - moved
    if not world.scenario.cluster:
        return noticed, None
    await world.until(lambda: world.serves[name] == "1", PATIENCE_SECONDS)
    return noticed, time.monotonic() - moved


async def _until(
    operator: Running,
    metrics: str,
    wanted: re.Pattern[str],
    holds: Callable[[float], bool],
) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            operator.check()
            asked = time.monotonic()
            found = wanted.search(await _text(lambda: http.get(metrics)))
            if found and holds(float(found.group(1))):
                return
            # The operator works for an answer: fifteen series a resource.
            await asyncio.sleep(max(0.1, ASKING_SHARE * (time.monotonic() - asked)))


async def _text(get: Callable[[], Awaitable[httpx.Response]]) -> str:
    try:
        return (await get()).text
    except httpx.HTTPError:
        return ""
