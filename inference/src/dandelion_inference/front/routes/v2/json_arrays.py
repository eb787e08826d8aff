"""Reads JSON that may hold millions of numbers without ever being at its mercy.

Python's parser makes an object of each number and lets no other thread run meanwhile: a body of a
few megabytes would take hundreds of megabytes, and everybody else's answer would wait for it. So
the arrays of numbers are cut out first and read piece by piece into memory that their declared
shape bounds; only what is left goes through the parser whole. Called by `inference_request.py`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dandelion_inference.intake.documents import bounded
from dandelion_inference.intake.documents.bounded import PIECE_BYTES, NotReadableError

MAX_ARRAYS = 16

# Only a member of an object is written so: within a string each quote has a backslash before it.
_DATA = re.compile(rb'"data"\s*:\s*(?=\[)')
_WITHOUT_BRACKETS = bytes.maketrans(b"[]", b"  ")
_NOT_A_NUMBER = (b"t", b"f", b"n", b"N", b"I")  # of true, false, null, NaN, Infinity


@dataclass(frozen=True)
class JsonArray:
    """An array of numbers, flat or nested, that was cut out of a JSON text and is still text."""

    text: bytes | bytearray

    def read(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """Raises NotReadableError where the text does not hold numbers of that shape."""
        wanted = math.prod(shape)
        found = self.text.count(b",") + 1
        if found != wanted:
            raise NotReadableError(f"it holds {found} numbers, but its shape takes {wanted}")
        opened, closed = self.text.count(b"["), self.text.count(b"]")
        nested = sum(math.prod(shape[:depth]) for depth in range(len(shape)))
        if opened != closed or opened not in (1, nested):
            raise NotReadableError("it is neither flat nor nested as its shape says")
        if any(letter in self.text for letter in _NOT_A_NUMBER):
            raise NotReadableError("it holds something that is not a finite number")
        out = np.empty(wanted, dtype=np.float32)
        _fill(out, self.text.translate(_WITHOUT_BRACKETS))
        return out.reshape(shape)


def _fill(out: NDArray[np.float32], text: bytes | bytearray) -> None:
    start = filled = 0
    while start < len(text):
        end = text.find(b",", start + PIECE_BYTES)
        end = len(text) if end < 0 else end
        if end - start > 2 * PIECE_BYTES:
            raise NotReadableError("it holds a number that does not end")
        try:
            values = json.loads(b"".join((b"[", text[start:end], b"]")), parse_int=float)
        except ValueError as error:
            raise NotReadableError("its elements are not numbers with commas between") from error
        with np.errstate(over="ignore"):  # too large becomes infinite, which the reader refuses
            out[filled : filled + len(values)] = values
        filled += len(values)
        start = end + 1
    if filled != len(out):
        raise NotReadableError("it has an empty element")


def loads(text: bytes | bytearray) -> tuple[Any, list[JsonArray]]:
    """The document, and the arrays of numbers that were cut out of it.

    Where the text has such an array as `data`, the document has its position in the list. Raises
    NotReadableError.
    """
    skeleton, arrays = _cut(text)
    return bounded.loads(skeleton), arrays


def _cut(text: bytes | bytearray) -> tuple[bytes, list[JsonArray]]:
    kept: list[bytes | bytearray] = []
    arrays: list[JsonArray] = []
    done = 0
    for seen, match in enumerate(_DATA.finditer(text)):
        if seen == MAX_ARRAYS:
            raise NotReadableError(f"it has more than {MAX_ARRAYS} tensors")
        start = match.end()
        # No such mark is in an array of numbers; the first one is in what follows it.
        ends = [end for mark in (b'"', b"{", b"}") if (end := text.find(mark, start)) >= 0]
        array = text[start : min(ends, default=len(text))].rstrip(b" \t\r\n,")
        if not array.endswith(b"]"):
            continue
        kept += [text[done:start], b"%d" % len(arrays)]
        arrays.append(JsonArray(array))
        done = start + len(array)
    return b"".join([*kept, text[done:]]), arrays
