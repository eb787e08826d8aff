"""Takes off what a client wrapped an image in for its way: Base64, a data URL, quoted-printable.

Mail programs, browsers' scripts and workflow tools send images as text. Base64 is told from what it
holds, since few of them name it; quoted-printable only by its Content-Transfer-Encoding (RFC 2045).
Called by `upload.py`.
"""

from __future__ import annotations

import asyncio
import binascii
import re
from collections.abc import Callable

from dandelion_pictures.signatures import LONGEST_BRANDS, claimed_format

QUOTED_PRINTABLE = b"quoted-printable"
WHITESPACE = b" \t\r\n"
# RFC 4648: the alphabet of section 5 as that of section 4.
_STANDARD = bytes.maketrans(b"-_", b"+/")
# RFC 2397; its parameters are as long as a media type may be.
_DATA_URL = re.compile(rb"\s{0,16}data:[^,]{0,255};base64,", re.IGNORECASE)
_ADDRESS = re.compile(rb"\s{0,16}(?:https?|ftp|file|s3|gs)://", re.IGNORECASE)
_BEGINS_TEXT = re.compile(rb"[A-Za-z0-9+/_\-\s]{8}")
# Enough for the longest signature, with line breaks.
_HEAD_BYTES = 2 * LONGEST_BRANDS

# What is decoded at once while nobody else runs, and from where on it is done beside the event
# loop: a fraction of a millisecond.
PIECE_BYTES = 64 * 1024


async def unwrapped(data: bytes, transfer_encoding: bytes = b"") -> bytes:
    """The image that the bytes hold, or the bytes as they are where they hold none in text."""
    if transfer_encoding.strip().lower() == QUOTED_PRINTABLE:
        return await _apart(binascii.a2b_qp, data)
    start = _base64_start(data)
    if start is None:
        return data
    return await _apart(lambda text: _from_base64(text, start), data)


def is_address(data: bytes) -> bool:
    """Whether the bytes say where an image is, and are none."""
    return _ADDRESS.match(data) is not None


def _base64_start(data: bytes) -> int | None:
    """Where Base64 begins that holds an image, if it does. An image itself is told at once."""
    if not _BEGINS_TEXT.match(data) and not _DATA_URL.match(data):
        return None
    if claimed_format(data) is not None:
        return None
    url = _DATA_URL.match(data)
    start = url.end() if url else 0
    head = data[start : start + _HEAD_BYTES].translate(_STANDARD, WHITESPACE)
    try:
        begins = binascii.a2b_base64(head[: len(head) // 4 * 4], strict_mode=False)
    except binascii.Error:
        return None
    return start if claimed_format(begins) is not None else None


def _from_base64(data: bytes, start: int) -> bytes:
    """Decoded piece by piece; as it is where it ends up being no Base64."""
    decoded: list[bytes] = []
    left = b""
    try:
        for at in range(start, len(data), PIECE_BYTES):
            text = left + data[at : at + PIECE_BYTES].translate(_STANDARD, WHITESPACE)
            whole = len(text) // 4 * 4
            decoded.append(_piece(text[:whole]))
            left = text[whole:]
        # Many leave the padding away.
        decoded.append(_piece(left + b"=" * (-len(left) % 4)))
    except binascii.Error:
        return data
    return b"".join(decoded)


def _piece(text: bytes) -> bytes:
    return binascii.a2b_base64(text, strict_mode=True) if text else b""


async def _apart(decode: Callable[[bytes], bytes], data: bytes) -> bytes:
    if len(data) <= PIECE_BYTES:
        return decode(data)
    return await asyncio.to_thread(decode, data)
