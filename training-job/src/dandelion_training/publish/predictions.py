"""Every answer of a holdout as CSV, for people with a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Mapping

import numpy as np

from dandelion_training.evaluate.answers.record import Answers

COLUMNS = ("key", "sha256", "label", "predicted", "probability", "correct", "champion")

# A spreadsheet takes a cell that begins so for a formula, also behind the characters that it drops;
# a key or a folder's name comes from whoever may write to the bucket (OWASP, "CSV injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def predictions_csv(
    answers: Answers, keys: Mapping[str, str], champion: Answers | None = None
) -> Iterator[str]:
    """Line by line, the header first, in order of the images' digests.

    `keys` are the images' keys by digest; an unknown one stays empty. `champion` has the other
    model's answers to the same dataset version; an image that it was not shown stays empty.
    """
    yield _row(COLUMNS)
    others = _champion(answers, champion)
    for row, content in enumerate(answers.sha256):
        sha256 = content.decode()
        label, predicted = answers.label[row], answers.predicted[row]
        yield _row(
            (
                _text(keys.get(sha256, "")),
                sha256,
                _text(answers.classes[label]),
                _text(answers.classes[predicted]),
                f"{answers.probability[row]:.6f}",
                "true" if label == predicted else "false",
                _text(others[row]),
            )
        )


def _champion(answers: Answers, champion: Answers | None) -> list[str]:
    """The champion's answer to each image, or nothing."""
    if champion is None or not len(champion):
        return [""] * len(answers)
    place = np.minimum(np.searchsorted(champion.sha256, answers.sha256), len(champion) - 1)
    shown = champion.sha256[place] == answers.sha256
    named = champion.predicted[place]
    return [
        champion.classes[index] if known else ""
        for index, known in zip(named.tolist(), shown.tolist(), strict=True)
    ]


def _text(value: str) -> str:
    """A leading apostrophe makes a spreadsheet take the cell for text."""
    return f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value


def _row(cells: tuple[str, ...]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()
