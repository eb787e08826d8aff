"""Growth over the number of resources, as a plot in SVG: both axes are logarithmic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 170, 30, 45
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf")
# What is less than this is drawn as this: nothing has no logarithm.
LEAST = 0.01

Points = Sequence[tuple[float, float]]


def plot(title: str, lines: Mapping[str, Points]) -> str:
    """An SVG document; each line is points of (resources, value)."""
    numbers = [x for points in lines.values() for x, _ in points]
    values = [max(y, LEAST) for points in lines.values() for _, y in points]
    columns, rows = _decades(numbers), _decades(values)

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * _share(value, columns)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * _share(max(value, LEAST), rows)

    parts = [f'<text x="{LEFT}" y="18" font-size="14">{title}</text>']
    for decade in columns:
        parts.append(_rule(x(decade), TOP, x(decade), HEIGHT - BOTTOM))
        parts.append(_text(x(decade), HEIGHT - BOTTOM + 16, f"{decade:g}", "middle"))
    for decade in rows:
        parts.append(_rule(LEFT, y(decade), WIDTH - RIGHT, y(decade)))
        parts.append(_text(LEFT - 6, y(decade) + 4, f"{decade:g}", "end"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "resources", "middle"))
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in points
        ]
        where = TOP + 14 + 18 * number
        parts.append(
            f'<rect x="{WIDTH - RIGHT + 12}" y="{where - 9}" width="10" height="10" '
            f'fill="{colour}"/>'
        )
        parts.append(_text(WIDTH - RIGHT + 27, where, name, "start"))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _decades(values: Sequence[float]) -> list[float]:
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**exponent for exponent in range(first, max(last, first + 1) + 1)]


def _share(value: float, decades: Sequence[float]) -> float:
    low, high = math.log10(decades[0]), math.log10(decades[-1])
    return (math.log10(value) - low) / (high - low)


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
