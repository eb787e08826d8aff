"""Text in columns as kubectl prints it: names above, each column as wide as its longest value."""

from collections.abc import Iterable, Sequence

GAP = 3
LONGEST = 80  # characters; a longer value is cut, so that one does not push the others away


def columns(names: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a table. Integers stand at the right of their column."""
    found = [list(row) for row in rows]
    texts = [list(names), *([_text(value) for value in row] for row in found)]
    widths = [max(len(row[place]) for row in texts) for place in range(len(names))]
    right = [isinstance(value, int) for value in found[0]] if found else [False] * len(names)
    return [
        (" " * GAP)
        .join(
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(row, widths, right, strict=True)
        )
        .rstrip()
        for row in texts
    ]


def _text(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
