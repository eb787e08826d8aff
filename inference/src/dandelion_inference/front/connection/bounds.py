"""What one client's connection may take. Named by `__main__`, kept by `connection`."""

from __future__ import annotations

from dataclasses import dataclass

# Of one connection, waiting for the answer to the one before. Each is some kilobytes of objects.
MAX_PIPELINED = 16


@dataclass(frozen=True)
class ConnectionBounds:
    max_connections: int
    max_headers: int
    max_head_bytes: int
    """Of a request line with its headers; of what stands between the chunks of a body too."""
    head_seconds: float
    """For a head to arrive, from the opening of the connection or from its first byte."""
    max_drained_bytes: int
    """Of a body that arrive after its answer, so that the client comes to read the answer."""
    drain_seconds: float
    stalled_seconds: float
    """In which a client takes nothing of an answer that waits for it."""


class HeadTooLargeError(Exception):
    """Ends the parsing of a request."""


class TooManyPipelinedError(Exception):
    """Ends the parsing of requests."""
