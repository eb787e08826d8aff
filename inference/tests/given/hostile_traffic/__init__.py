"""What somebody sends who means no good, the same every time: a module for each way of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class HostileRequest:
    """A POST that an HTTP client can send."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RawRequest:
    """Bytes on a connection, for what no HTTP client would send."""

    data: bytes
    ambiguous: bool = False
    """Whether two readers may disagree about where it ends, so that one must refuse it."""
