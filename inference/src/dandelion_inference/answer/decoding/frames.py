"""How the service and a decoder speak: a JSON object and bytes, with their lengths before them.

Plain data on purpose: a decoder that a picture has taken over can answer wrongly, and that is all.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

LENGTHS = struct.Struct(">IQ")
"""Of the JSON object and of the bytes."""
MAX_HEAD_BYTES = 64 * 1024


def head(about: Mapping[str, Any], size: int) -> bytes:
    """All of a message but its bytes, of which there are `size`."""
    text = json.dumps(about).encode()
    return LENGTHS.pack(len(text), size) + text


def write(stream: BinaryIO, about: Mapping[str, Any], data: bytes) -> None:
    stream.write(head(about, len(data)))
    stream.write(data)
    stream.flush()


def read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message; None where there is none any more."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    about, size = LENGTHS.unpack(lengths)
    return json.loads(stream.read(about)), stream.read(size)
