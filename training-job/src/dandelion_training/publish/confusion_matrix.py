"""The confusion matrix as an image, for people who look at a run in MLflow.

Drawn with Pillow, which is here anyway: a plotting library would be the slowest import of the Job
for one image.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, BLUE = (255, 255, 255), (30, 30, 30), (33, 102, 172)
FONT_SIZE = 15
LONGEST_LABEL = 24


def plot_confusion_matrix(matrix: NDArray[np.int64], classes: Sequence[str]) -> Image.Image:
    """Rows are the truth, columns what was predicted; a cell's colour is its share of the row."""
    font = ImageFont.load_default(FONT_SIZE)
    names = [n if len(n) <= LONGEST_LABEL else n[: LONGEST_LABEL - 1] + "…" for n in classes]
    longest = int(max(font.getlength(name) for name in names)) + 20
    count = len(names)
    cell = max(14, min(64, 1600 // count))
    room = max(longest, 90)
    side = room + count * cell + 20
    image = Image.new("RGB", (side, side + 30), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((room, side), "across: predicted     down: true class", INK, font)
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    for row in range(count):
        y = room + row * cell
        draw.text((room - 8, y + cell / 2), names[row], INK, font, anchor="rm")
        _upright(image, names[row], font, (room + row * cell, cell, room))
        for column in range(count):
            x = room + column * cell
            share = float(shares[row, column])
            draw.rectangle((x, y, x + cell - 2, y + cell - 2), _mixed(share))
            if cell >= 24:
                ink = PAPER if share > 0.5 else INK
                middle = (x + cell / 2 - 1, y + cell / 2 - 1)
                draw.text(middle, str(matrix[row, column]), ink, font, anchor="mm")
    return image


def _mixed(share: float) -> tuple[int, int, int]:
    red, green, blue = (round(p + (b - p) * share) for p, b in zip(PAPER, BLUE, strict=True))
    return red, green, blue


def _upright(
    image: Image.Image,
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    place: tuple[int, int, int],
) -> None:
    left, width, bottom = place
    strip = Image.new("RGB", (bottom - 8, width), PAPER)
    ImageDraw.Draw(strip).text((0, width / 2), text, INK, font, anchor="lm")
    image.paste(strip.rotate(90, expand=True), (left, 0))
