"""Writes what was compared as JSON, as a table, and as a plot. Called by `comparison.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contenders import DEFAULTS, OURS
from limit import LATENCY
from PIL import Image
from plot import Panel, bars

TORCH = "litserve-torch"


def write_report(result: dict[str, Any], folder: Path, name: str) -> str:
    """The three files in the folder; the table."""
    folder.mkdir(parents=True, exist_ok=True)
    # Through JSON, so that what is told is what is kept.
    result = json.loads(json.dumps(result))
    text = "\n\n".join(
        [
            _heading(result),
            _table(result),
            _best_settings(result),
            _goals(result),
            _failures(result),
        ]
    )
    (folder / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    (folder / f"{name}.md").write_text(text.strip() + "\n")
    _picture(result).save(folder / f"{name}.png")
    return text.strip()


def _heading(result: dict[str, Any]) -> str:
    client = result["client"]
    return (
        f"# Serving {result['model']}\n\n{result['machine']}; {result['measured']}; medians of "
        f"{result['rounds']} rounds, {result['secondsPerPoint']:g} s a point. The client uses "
        f"{client['processorMilliseconds']} ms of the same processors for each request. Latencies "
        f"are p50 / p99. Shares are of the best bare loop in turns with it, and "
        f"servers are compared by them. At half load, evenly spaced images come at half of the "
        f"best rate."
    )


def _table(result: dict[str, Any]) -> str:
    points = [str(count) for count in result["connections"]]
    head = ["server"]
    for count in points:
        head += [f"{count} conn.: images/s", "of the limit", "ms"]
    head += ["half load: ms", "start s", "RSS MB", "install MB", "CPU ms/image", "errors"]
    rows = [head, ["---"] * len(head)]
    for form, limit in result["limit"].items():
        latency = f"{limit['p50Milliseconds']} / {limit['p99Milliseconds']}"
        cells = []
        for count in points:
            shown = (form == LATENCY) == (count == "1")
            cells += [f"{limit['imagesPerSecond']}", "", latency] if shown else ["", "", ""]
        rows.append([f"bare loop, {form}", *cells, *[""] * 6])
    for name, server in _measured(result).items():
        row = [f"**{name}**" if name == OURS else name]
        for count in points:
            point = server["points"][count]
            row += [f"{point['imagesPerSecond']}", f"{point['shareOfLimit']}", _latency(point)]
        row += [
            _latency(server["halfLoad"]),
            f"{server['startSeconds']}",
            f"{server['residentMegabytes']['afterLoad']}",
            f"{server['installMegabytes']}",
            f"{server['points'][points[-1]]['processorMillisecondsPerImage']}",
            ", ".join(f"{n} {what}" for what, n in server["errors"].items()) or "0",
        ]
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _best_settings(result: dict[str, Any]) -> str:
    """One row a server: of each figure, what the best of its settings reached."""
    points = [str(count) for count in result["connections"]]
    servers: dict[str, list[dict[str, Any]]] = {}
    for name, server in _measured(result).items():
        servers.setdefault(name.partition(",")[0], []).append(server)
    head = ["best settings", *(f"{count} conn.: images/s (of the limit)" for count in points)]
    head += ["half load: ms", "start s", "RSS MB", "install MB"]
    rows = [head, ["---"] * len(head)]
    for name, settings in servers.items():
        row = [name]
        for count in points:
            point = max((each["points"][count] for each in settings), key=_share)
            row.append(f"{point['imagesPerSecond']:.0f} ({point['shareOfLimit']:.2f})")
        half = min((each["halfLoad"] for each in settings), key=_slowest)
        row += [
            _latency(half),
            f"{min(each['startSeconds'] for each in settings):.1f}",
            f"{min(each['residentMegabytes']['afterLoad'] for each in settings):.0f}",
            f"{settings[0]['installMegabytes']:.0f}",
        ]
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _share(point: dict[str, Any]) -> float:
    share: float = point["shareOfLimit"]
    return share


def _slowest(half: dict[str, Any]) -> float:
    milliseconds: float = half.get("p99Milliseconds", float("inf"))
    return milliseconds


def _goals(result: dict[str, Any]) -> str:
    servers = _measured(result)
    ours = servers.get(OURS)
    if ours is None:
        return ""
    peers = {name: server for name, server in servers.items() if name != OURS}
    lines = ["| of this service | value | goal |", "| --- | --- | --- |"]

    def line(what: str, value: object, goal: str) -> None:
        lines.append(f"| {what} | {value} | {goal} |")

    for count, point in ours["points"].items():
        line(f"share of the limit at {count}", point["shareOfLimit"], "≥ 0.97")
    for count, point in ours["points"].items():
        rival = _best(peers, count, lambda name: not name.startswith(TORCH))
        if rival:
            name, share = rival
            line(f"over the best peer at {count} ({name})", _over(point, share), "> 1")
    for what, of_interest in (
        ("same graph, peers at their defaults", lambda name: TORCH not in name),
        ("torch as installed", lambda name: TORCH in name),
    ):
        for count, point in ours["points"].items():
            rival = _best(peers, count, lambda name, of=of_interest: DEFAULTS in name and of(name))
            if rival:
                name, share = rival
                goal = "≥ 4.5" if what.startswith("torch") else ""
                line(f"over {what}, at {count} ({name})", _over(point, share), goal)
    bare = result["limit"][LATENCY]["p50Milliseconds"]
    half = ours["halfLoad"].get("p99Milliseconds")
    if half:
        line("p99 at half load over the bare latency", round(half / bare, 2), "≤ 2")
    line("start to first answer, s", ours["startSeconds"], "≤ 1.5")
    memory = "≤ 400" if result["model"].endswith("fp32") else "≤ 220"
    line("RSS after load, MB", ours["residentMegabytes"]["afterLoad"], memory)
    line("errors", sum(ours["errors"].values()), "0")
    return "\n".join(lines)


def _best(peers: dict[str, Any], count: str, wanted: Any) -> tuple[str, float] | None:
    """By the share of the limit, which other work on the machine moves less than the rate."""
    shares = {
        name: server["points"][count]["shareOfLimit"]
        for name, server in peers.items()
        if wanted(name)
    }
    return max(shares.items(), key=lambda item: item[1]) if shares else None


def _over(point: dict[str, Any], share: float) -> float:
    return round(point["shareOfLimit"] / share, 2) if share else float("inf")


def _failures(result: dict[str, Any]) -> str:
    failed = {name: item["failure"] for name, item in result["servers"].items() if item["failure"]}
    return "\n\n".join(
        f"{name} could not be measured:\n\n    {why}" for name, why in failed.items()
    )


def _measured(result: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in result["servers"].items() if "startSeconds" in item}


def _latency(point: dict[str, Any]) -> str:
    if "p50Milliseconds" not in point:
        return "–"
    return f"{point['p50Milliseconds']} / {point['p99Milliseconds']}"


def _picture(result: dict[str, Any]) -> Image.Image:
    servers = _measured(result)
    panels = []
    for count in map(str, result["connections"]):
        limits = {form: limit["imagesPerSecond"] for form, limit in result["limit"].items()}
        limit = limits[LATENCY] if count == "1" else max(limits.values())
        rates = [server["points"][count]["imagesPerSecond"] for server in servers.values()]
        panels.append(Panel(f"images/s, {count} connection{'s'[: count != '1']}", rates, limit))
    title = f"{result['model']}, {result['machine']} (line: the bare loop)"
    return bars(title, [*servers], panels, [*servers].index(OURS) if OURS in servers else -1)
