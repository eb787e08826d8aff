"""The confusion matrix as a picture, for people who look at a run in MLflow.

Drawn with Pillow, which is here anyway: a plotting library would be the slowest import of the Job
for one picture. Of many classes only those that are confused most are drawn: nobody finds anything
among a million cells, and they would take 0.6 GB.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dandelion_training.evaluate.figures.confusion import Confusion

PAPER, INK, SOFT, BLUE = (255, 255, 255), (30, 30, 30), (100, 100, 100), (33, 102, 172)
FONT_SIZE = 15
LONGEST_LABEL = 24
DRAWN = 50  # classes
SMALLEST, LARGEST = 24, 64  # pixels of a cell
WIDTH = 1600  # pixels that the cells share
REST = "other classes"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def most_confused(confusion: Confusion, at_most: int = DRAWN) -> NDArray[np.int64]:
    """The classes of the pairs that are mistaken for each other most often, pair by pair, so that
    what is confused stands side by side; where such pairs are few, the largest classes follow.
    """
    wrong = confusion.truth != confusion.predicted
    first, second = confusion.truth[wrong], confusion.predicted[wrong]
    codes, pair = np.unique(
        np.minimum(first, second) * confusion.classes + np.maximum(first, second),
        return_inverse=True,
    )
    often = np.bincount(pair, weights=confusion.count[wrong], minlength=len(codes))
    ranked = codes[np.argsort(-often, kind="stable")]
    pairs = np.stack([ranked // confusion.classes, ranked % confusion.classes], axis=1).ravel()
    order = np.concatenate([pairs, np.argsort(-confusion.support, kind="stable")])
    _, met = np.unique(order, return_index=True)
    return order[np.sort(met)][:at_most]


def confusion_matrix(
    confusion: Confusion, classes: Sequence[str], at_most: int = DRAWN
) -> Image.Image:
    """Rows are the truth, columns what was predicted; a cell's colour is its share of the row.

    Of more than `at_most` classes the most confused ones, and a last row and column for all others.
    """
    whole = confusion.classes <= at_most
    chosen = np.arange(confusion.classes) if whole else most_confused(confusion, at_most)
    names = [classes[index] for index in chosen]
    note = "across: predicted     down: true class"
    if not whole:
        names.append(REST)
        note += f"     the {len(chosen)} most confused of {confusion.classes:,} classes"
    return _drawn(_cells(confusion, chosen, len(names)), names, note)


def _cells(confusion: Confusion, chosen: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """The matrix of the chosen classes; what remains falls to the last row and column."""
    place = np.full(confusion.classes, side - 1)
    place[chosen] = np.arange(len(chosen))
    cells = np.zeros((side, side), np.int64)
    np.add.at(cells, (place[confusion.truth], place[confusion.predicted]), confusion.count)
    return cells


def _drawn(cells: NDArray[np.int64], classes: Sequence[str], note: str) -> Image.Image:
    font = ImageFont.load_default(FONT_SIZE)
    names = [_label(name) for name in classes]
    count = len(names)
    cell = max(SMALLEST, min(LARGEST, WIDTH // count))
    room = max(int(max(font.getlength(name) for name in names)) + 20, 90)
    side = room + count * cell + 20
    image = Image.new("RGB", (max(side, int(font.getlength(note)) + 40), side + 30), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((20, side), note, SOFT, font)
    shares = cells / np.maximum(1, cells.sum(axis=1, keepdims=True))
    for row in range(count):
        y = room + row * cell
        draw.text((room - 8, y + cell / 2), names[row], INK, font, anchor="rm")
        _upright(image, names[row], font, (room + row * cell, cell, room))
        for column in range(count):
            x = room + column * cell
            share = float(shares[row, column])
            draw.rectangle((x, y, x + cell - 2, y + cell - 2), _mixed(share))
            _number(draw, int(cells[row, column]), (x, y, cell), share, font)
    return image


def _label(name: str) -> str:
    """On one line, which is all that Pillow can align, and not too long."""
    text = " ".join(name.split())
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _number(
    draw: ImageDraw.ImageDraw, value: int, place: tuple[int, int, int], share: float, font: Font
) -> None:
    """The count, where it is not 0 and fits."""
    x, y, cell = place
    text = f"{value}"
    if value and font.getlength(text) <= cell - 4:
        middle = (x + cell / 2 - 1, y + cell / 2 - 1)
        draw.text(middle, text, PAPER if share > 0.5 else INK, font, anchor="mm")


def _mixed(share: float) -> tuple[int, int, int]:
    red, green, blue = (round(p + (b - p) * share) for p, b in zip(PAPER, BLUE, strict=True))
    return red, green, blue


def _upright(image: Image.Image, text: str, font: Font, place: tuple[int, int, int]) -> None:
    left, width, bottom = place
    strip = Image.new("RGB", (bottom - 8, width), PAPER)
    ImageDraw.Draw(strip).text((0, width / 2), text, INK, font, anchor="lm")
    image.paste(strip.rotate(90, expand=True), (left, 0))


def plot_confusion_matrix(matrix: NDArray[np.int64], classes: Sequence[str]) -> Image.Image:
    """The same from a full matrix, rows the truth."""
    truth, predicted = np.nonzero(matrix)
    found = Confusion(len(classes), truth, predicted, matrix[truth, predicted])
    return confusion_matrix(found, classes)
