"""How the documents of an evaluation are written, and what is said of one that cannot be read.

`answers`, `result` and `comparison` write with it. A document is read strictly: what was stored is
evidence for a promotion, so content that does not add up is refused with its reason.
"""

import json
from dataclasses import dataclass

from pydantic import ValidationError

SHOWN = 200  # characters of a foreign value in a message


@dataclass(frozen=True)
class Unreadable:
    """Why stored content is not the document that it should be."""

    reason: str


def compact_json(value: object) -> bytes:
    """Sorted keys, no spaces, UTF-8, one line: equal content has equal bytes."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return f"{text}\n".encode()


def rounded(value: float) -> float:
    """A share as it is written: six decimals tell a single image among a million."""
    return round(float(value), 6)


def refused(document: str, error: ValidationError) -> Unreadable:
    """The first thing that is wrong, and where; the value itself is not repeated."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the document"
    return Unreadable(f"{document}: {place}: {first['msg']}"[: 2 * SHOWN])
