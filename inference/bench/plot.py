"""A picture of bars: one row a server, one panel a number of connections. Called by `report.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

ROW, PANEL, NAMES, MARGIN, HEAD = 30, 380, 260, 24, 96
INK, PALE, OURS, PEER = "#1f2430", "#d9dce3", "#d9822b", "#4c78a8"


@dataclass(frozen=True)
class Panel:
    title: str
    values: Sequence[float]
    limit: float


def bars(title: str, names: Sequence[str], panels: Sequence[Panel], marked: int) -> Image.Image:
    """The row numbered `marked` stands out; a line in each panel shows its limit."""
    size = (NAMES + len(panels) * PANEL + MARGIN, HEAD + len(names) * ROW + MARGIN)
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    text, heading = ImageFont.load_default(16), ImageFont.load_default(20)
    draw.text((MARGIN, MARGIN), title, INK, heading)
    for row, name in enumerate(names):
        draw.text((NAMES - 12, HEAD + row * ROW + ROW / 2), name, INK, text, anchor="rm")
    for number, panel in enumerate(panels):
        left = NAMES + number * PANEL
        draw.text((left, HEAD - 12), panel.title, INK, text, anchor="ls")
        # Room to the right of the longest bar for its number.
        scale = (PANEL - 80) / max([panel.limit, *panel.values, 1])
        for row, value in enumerate(panel.values):
            top = HEAD + row * ROW
            colour = OURS if row == marked else PEER
            draw.rectangle((left, top + 5, left + value * scale, top + ROW - 5), colour)
            end = (left + value * scale + 6, top + ROW / 2)
            draw.text(end, f"{value:.0f}", INK, text, anchor="lm")
        bottom = HEAD + len(names) * ROW
        draw.line((left, HEAD, left, bottom), PALE)
        draw.line((left + panel.limit * scale, HEAD, left + panel.limit * scale, bottom), INK, 2)
    return image
