"""How much a read may take."""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.ports.s3.connection.budget import MEBIBYTE, Limits

# A page of a listing has a thousand names, each of a kilobyte at most, escaped for XML.
DOCUMENT = Limits(seconds=15.0, answer_bytes=8 * MEBIBYTE, requests=64)
LISTING = Limits(seconds=120.0, answer_bytes=8 * MEBIBYTE, requests=400)
# A request for every run that there ever was, and one for each contract that is read.
STORED = Limits(seconds=120.0, answer_bytes=8 * MEBIBYTE, requests=4000)


@dataclass(frozen=True)
class ReadLimits:
    document: Limits = DOCUMENT
    listing: Limits = LISTING
    stored: Limits = STORED


DEFAULT_LIMITS = ReadLimits()
