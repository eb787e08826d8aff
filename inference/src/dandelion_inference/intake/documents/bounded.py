"""Reads JSON whose structure is bounded, so that no document takes more than its own length.

Python's parser makes an object of each list, object and member: a few megabytes of brackets would
take hundreds of megabytes. Called by `instances.py` and by `routes/v2/json_arrays.py`.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

# What is parsed in one go while nobody else runs: a fraction of a millisecond.
PIECE_BYTES = 64 * 1024

# Lists, objects and members, and what looks like one within a string.
MAX_STRUCTURE = 4096


class NotReadableError(ValueError):
    """The text is no JSON, or not the JSON that was asked for; says why."""


def loads(text: bytes | bytearray) -> Any:
    """The document; raises NotReadableError."""
    if sum(text.count(mark) for mark in (b"[", b"{", b",")) > MAX_STRUCTURE:
        raise NotReadableError(f"it has more than {MAX_STRUCTURE} lists, objects and members")
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise NotReadableError("it is nested too deeply") from error
    except NotReadableError:
        raise
    except json.JSONDecodeError as error:
        raise NotReadableError(error.msg) from error
    except ValueError as error:  # no UTF-8, or an integer of thousands of digits
        raise NotReadableError("it has bytes or numbers that JSON has not") from error


def _refuse(name: str) -> NoReturn:
    raise NotReadableError(f"{name} is not a JSON value")
